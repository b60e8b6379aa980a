// Package token is k3s's token: K10, the digest of the cluster's authority, `::server:`, and the secret that counts.
package token

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"strings"
)

// Secret is what counts of a token: its last part.
func Secret(token string) string {
	token = strings.TrimSpace(token)
	if rest, long := strings.CutPrefix(token, "K10"); long {
		if _, login, ok := strings.Cut(rest, "::"); ok {
			if _, secret, ok := strings.Cut(login, ":"); ok {
				return secret
			}
		}
	}
	return token
}

// Format is the token as k3s writes it into a file, for the authority in the file ca.
func Format(secret, ca string) (string, error) {
	raw, err := os.ReadFile(ca)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(raw)
	return "K10" + hex.EncodeToString(sum[:]) + "::server:" + secret, nil
}

// New is a secret that nobody knows.
func New() (string, error) {
	raw := make([]byte, 16)
	if _, err := rand.Read(raw); err != nil {
		return "", err
	}
	return hex.EncodeToString(raw), nil
}
