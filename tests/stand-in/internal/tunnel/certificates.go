package tunnel

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"sync"
	"time"
)

// Certificates gives what TLS for every name is served with, and the authority to trust for it, made anew at each start.
func Certificates() (*tls.Config, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "edge of a tunnel (stand-in)"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, root, root, key.Public(), key)
	if err != nil {
		return nil, nil, err
	}
	var mu sync.Mutex
	known := map[string]*tls.Certificate{}
	config := &tls.Config{GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		mu.Lock()
		defer mu.Unlock()
		host := hello.ServerName
		if c := known[host]; c != nil {
			return c, nil
		}
		leaf := &x509.Certificate{
			SerialNumber: big.NewInt(int64(len(known) + 2)), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
			NotBefore: root.NotBefore, NotAfter: root.NotAfter,
			KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		}
		made, err := x509.CreateCertificate(rand.Reader, leaf, root, key.Public(), key)
		if err != nil {
			return nil, err
		}
		known[host] = &tls.Certificate{Certificate: [][]byte{made, der}, PrivateKey: key}
		return known[host], nil
	}}
	return config, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), nil
}
