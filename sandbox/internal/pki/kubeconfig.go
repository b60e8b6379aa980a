package pki

import (
	"fmt"
	"os"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// WriteKubeconfig writes a kubeconfig that needs no other file: it may be copied elsewhere.
func WriteKubeconfig(path, cluster, server string, ca *Authority, user string, pair Pair) error {
	var parts [3][]byte
	for i, file := range []string{ca.Path, pair.Cert, pair.Key} {
		raw, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("kubeconfig %s: %w", path, err)
		}
		parts[i] = raw
	}
	c := clientcmdapi.NewConfig()
	c.Clusters[cluster] = &clientcmdapi.Cluster{Server: server, CertificateAuthorityData: parts[0]}
	c.AuthInfos[user] = &clientcmdapi.AuthInfo{ClientCertificateData: parts[1], ClientKeyData: parts[2]}
	c.Contexts[cluster] = &clientcmdapi.Context{Cluster: cluster, AuthInfo: user}
	c.CurrentContext = cluster
	raw, err := clientcmd.Write(*c)
	if err != nil {
		return fmt.Errorf("kubeconfig %s: %w", path, err)
	}
	return os.WriteFile(path, raw, 0o600)
}
