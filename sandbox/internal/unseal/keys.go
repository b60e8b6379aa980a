package unseal

import (
	"crypto/rsa"
	"errors"
	"fmt"
	"sync"

	"github.com/bitnami/sealed-secrets/pkg/crypto"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/util/cert"
	"k8s.io/client-go/util/keyutil"
)

// keyLabel marks the Secrets that hold keys; only the value "active" counts.
const keyLabel = "sealedsecrets.bitnami.com/sealed-secrets-key"

// keys are the private keys that are in the cluster now, by the Secret that holds each.
type keys struct {
	mu     sync.Mutex
	bySeal map[string]*rsa.PrivateKey
}

// put reads a Secret's key. The certificate must be readable too: upstream's controller does not start without.
func (k *keys) put(name string, s *corev1.Secret) error {
	parsed, err := keyutil.ParsePrivateKeyPEM(s.Data[corev1.TLSPrivateKeyKey])
	if err != nil {
		return fmt.Errorf("%s of key Secret %s cannot be read: %w", corev1.TLSPrivateKeyKey, name, err)
	}
	private, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return errors.New(corev1.TLSPrivateKeyKey + " of key Secret " + name + " is not an RSA key")
	}
	if _, err := cert.ParseCertsPEM(s.Data[corev1.TLSCertKey]); err != nil {
		return fmt.Errorf("%s of key Secret %s cannot be read: %w", corev1.TLSCertKey, name, err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.bySeal[name] = private
	return nil
}

func (k *keys) drop(name string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.bySeal, name)
}

// all gives the keys by fingerprint, as upstream's function wants them.
func (k *keys) all() (map[string]*rsa.PrivateKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	byPrint := make(map[string]*rsa.PrivateKey, len(k.bySeal))
	for _, private := range k.bySeal {
		print, err := crypto.PublicKeyFingerprint(&private.PublicKey)
		if err != nil {
			return nil, err
		}
		byPrint[print] = private
	}
	return byPrint, nil
}
