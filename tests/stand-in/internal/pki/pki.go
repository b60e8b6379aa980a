// Package pki makes k3s's certificates under k3s's names, in process: elliptic curves, because then all of them cost milliseconds.
//
// Authorities last as long as the cluster and are kept; what they sign is made anew at each start.
package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Authority signs.
type Authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// Want is what a certificate shall say.
type Want struct {
	User   string
	Groups []string
	Names  []string
	IPs    []net.IP
}

// Open reads an authority, or makes it where there is none.
func Open(cert, key, name string) (*Authority, error) {
	if _, err := os.Stat(cert); os.IsNotExist(err) {
		if err := make1(cert, key, name); err != nil {
			return nil, err
		}
	}
	rawCert, err := block(cert)
	if err != nil {
		return nil, err
	}
	rawKey, err := block(key)
	if err != nil {
		return nil, err
	}
	a := &Authority{}
	if a.cert, err = x509.ParseCertificate(rawCert); err != nil {
		return nil, fmt.Errorf("%s: %w", cert, err)
	}
	if a.key, err = x509.ParseECPrivateKey(rawKey); err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	return a, nil
}

func make1(cert, key, name string) error {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	// k3s puts the second into the name, so that two authorities of one name are told apart.
	t, err := template(pkix.Name{CommonName: fmt.Sprintf("%s@%d", name, time.Now().Unix())}, 10)
	if err != nil {
		return err
	}
	t.IsCA, t.BasicConstraintsValid = true, true
	t.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment
	der, err := x509.CreateCertificate(rand.Reader, t, t, &k.PublicKey, k)
	if err != nil {
		return err
	}
	return write(cert, key, der, k)
}

// Issue makes a certificate that serves and calls.
func (a *Authority) Issue(cert, key string, w Want) error {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	t, err := template(pkix.Name{CommonName: w.User, Organization: w.Groups}, 1)
	if err != nil {
		return err
	}
	t.KeyUsage = x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment
	t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	t.DNSNames, t.IPAddresses = w.Names, w.IPs
	der, err := x509.CreateCertificate(rand.Reader, t, a.cert, &k.PublicKey, a.key)
	if err != nil {
		return fmt.Errorf("certificate %s: %w", cert, err)
	}
	return write(cert, key, der, k)
}

// Key makes the key that signs service accounts' tokens, where there is none.
func Key(path string) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	return writeKey(path, k)
}

func template(subject pkix.Name, years int) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	now := time.Now()
	return &x509.Certificate{SerialNumber: serial, Subject: subject, NotBefore: now.Add(-time.Minute), NotAfter: now.AddDate(years, 0, 0)}, nil
}

func write(cert, key string, der []byte, k *ecdsa.PrivateKey) error {
	if err := os.MkdirAll(filepath.Dir(cert), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644); err != nil {
		return err
	}
	return writeKey(key, k)
}

func writeKey(path string, k *ecdsa.PrivateKey) error {
	der, err := x509.MarshalECPrivateKey(k)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), 0o600)
}

func block(path string) ([]byte, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	b, _ := pem.Decode(raw)
	if b == nil {
		return nil, fmt.Errorf("%s: no PEM block in it", path)
	}
	return b.Bytes, nil
}
