// Package pki makes a sandbox's certificates in process: elliptic curves, because forty keys then cost milliseconds.
//
// Nothing in it outlives a sandbox, and no authority in it is trusted by anything else.
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

// Authority signs certificates.
type Authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	// Path is its certificate's file.
	Path string
	// KeyPath is its key's file.
	KeyPath string
}

// Pair names the two files of a certificate.
type Pair struct{ Cert, Key string }

// Request is what a certificate shall say.
type Request struct {
	User   string
	Groups []string
	Names  []string
	IPs    []string
	Server bool
	Client bool
}

// NewAuthority makes an authority and writes it below dir.
func NewAuthority(dir, name string) (*Authority, error) {
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	tmpl := template(pkix.Name{CommonName: "blackstart sandbox " + name})
	tmpl.IsCA, tmpl.BasicConstraintsValid = true, true
	tmpl.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("authority %s: %w", name, err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("authority %s: %w", name, err)
	}
	pair, err := write(dir, name, der, key)
	if err != nil {
		return nil, err
	}
	return &Authority{cert: cert, key: key, Path: pair.Cert, KeyPath: pair.Key}, nil
}

// Issue makes a certificate and writes it and its key below dir.
func (a *Authority) Issue(dir, name string, r Request) (Pair, error) {
	key, err := newKey()
	if err != nil {
		return Pair{}, err
	}
	tmpl := template(pkix.Name{CommonName: r.User, Organization: r.Groups})
	tmpl.KeyUsage = x509.KeyUsageDigitalSignature
	tmpl.DNSNames = r.Names
	for _, ip := range r.IPs {
		tmpl.IPAddresses = append(tmpl.IPAddresses, net.ParseIP(ip))
	}
	if r.Server {
		tmpl.ExtKeyUsage = append(tmpl.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
	}
	if r.Client {
		tmpl.ExtKeyUsage = append(tmpl.ExtKeyUsage, x509.ExtKeyUsageClientAuth)
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, a.cert, &key.PublicKey, a.key)
	if err != nil {
		return Pair{}, fmt.Errorf("certificate %s: %w", name, err)
	}
	return write(dir, name, der, key)
}

// WriteKey makes a key that no certificate needs, for signing tokens.
func WriteKey(dir, name string) (string, error) {
	key, err := newKey()
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, name+".key")
	return path, writeKey(path, key)
}

func newKey() (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("new key: %w", err)
	}
	return key, nil
}

func template(subject pkix.Name) *x509.Certificate {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		serial = big.NewInt(time.Now().UnixNano())
	}
	now := time.Now()
	// An hour back, for clocks that are being set; a month ahead is longer than any sandbox lives.
	return &x509.Certificate{SerialNumber: serial, Subject: subject, NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(0, 1, 0)}
}

func write(dir, name string, der []byte, key *ecdsa.PrivateKey) (Pair, error) {
	pair := Pair{Cert: filepath.Join(dir, name+".crt"), Key: filepath.Join(dir, name+".key")}
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := os.WriteFile(pair.Cert, block, 0o600); err != nil {
		return pair, err
	}
	return pair, writeKey(pair.Key, key)
}

func writeKey(path string, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return fmt.Errorf("key %s: %w", path, err)
	}
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), 0o600)
}
