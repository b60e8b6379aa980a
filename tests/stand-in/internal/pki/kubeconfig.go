package pki

import (
	"os"
	"path/filepath"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// WriteKubeconfig writes one that needs no other file, under the names that k3s gives: all of them `default`.
func WriteKubeconfig(path, server, ca, cert, key string, mode os.FileMode) error {
	var parts [3][]byte
	for i, file := range []string{ca, cert, key} {
		raw, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		parts[i] = raw
	}
	c := clientcmdapi.NewConfig()
	c.Clusters["default"] = &clientcmdapi.Cluster{Server: server, CertificateAuthorityData: parts[0]}
	c.AuthInfos["default"] = &clientcmdapi.AuthInfo{ClientCertificateData: parts[1], ClientKeyData: parts[2]}
	c.Contexts["default"] = &clientcmdapi.Context{Cluster: "default", AuthInfo: "default"}
	c.CurrentContext = "default"
	raw, err := clientcmd.Write(*c)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(path, raw, mode); err != nil {
		return err
	}
	return os.Chmod(path, mode)
}
