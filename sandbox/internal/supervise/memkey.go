package supervise

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// encryptionConfig writes the API server's encryption settings, with a fresh key, into a file that exists in memory
// only. The API server inherits it; no path leads to it but /proc/self/fd, and with the last process it is gone, so
// that what etcd left on a disk can never be read again.
func encryptionConfig() (*os.File, error) {
	fd, err := unix.MemfdCreate("blackstart-encryption", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("memory file for the encryption key: %w", err)
	}
	file := os.NewFile(uintptr(fd), "encryption")
	key := make([]byte, 32)
	_, _ = rand.Read(key) // it never returns an error
	_, err = fmt.Fprintf(file, `{"apiVersion":"apiserver.config.k8s.io/v1","kind":"EncryptionConfiguration","resources":[
{"resources":["secrets"],"providers":[{"secretbox":{"keys":[{"name":"memory","secret":%q}]}}]}]}
`, base64.StdEncoding.EncodeToString(key))
	if err != nil {
		return nil, fmt.Errorf("memory file for the encryption key: %w", err)
	}
	return file, nil
}
