package server

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"blackstart/stand-in/internal/say"
)

// saved is one file of the cluster as the datastore keeps it.
type saved struct {
	At      time.Time `json:"timestamp"`
	Content []byte    `json:"content"`
}

const bootstrapPrefix = "/bootstrap/"

// bootstrapKey is named after the token, so that another token finds that it is another.
func bootstrapKey(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return bootstrapPrefix + hex.EncodeToString(sum[:])[:12]
}

// bootstrap makes files and datastore agree: what the datastore holds is written to the disk, and a new datastore gets what
// is on the disk. In a reset the datastore wins over files that are newer.
func (o *Options) bootstrap(client *clientv3.Client) error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	found, err := client.Get(ctx, bootstrapPrefix, clientv3.WithPrefix())
	if err != nil {
		return bootstrapError(err)
	}
	key := bootstrapKey(o.TokenSecret)
	for _, kv := range found.Kvs {
		if string(kv.Key) != key {
			continue
		}
		plain, err := open(o.TokenSecret, kv.Value)
		if err != nil {
			return bootstrapError(err)
		}
		files := map[string]saved{}
		if err := json.Unmarshal(plain, &files); err != nil {
			return bootstrapError(err)
		}
		return o.reconcile(files)
	}
	if len(found.Kvs) > 0 {
		return bootstrapError(errOtherToken)
	}
	if _, _, _, err := o.authorities(); err != nil {
		return err
	}
	files := map[string]saved{}
	for _, path := range o.kept() {
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		files[filepath.Base(path)] = saved{At: info.ModTime(), Content: raw}
	}
	plain, err := json.Marshal(files)
	if err != nil {
		return err
	}
	locked, err := lock(o.TokenSecret, plain)
	if err != nil {
		return err
	}
	say.Info("Saving cluster bootstrap data to datastore")
	_, err = client.Put(ctx, key, string(locked))
	return err
}

func (o *Options) reconcile(files map[string]saved) error {
	say.Info("Reconciling bootstrap data between datastore and disk")
	var differ []string
	for _, path := range o.kept() {
		kept, known := files[filepath.Base(path)]
		raw, err := os.ReadFile(path)
		switch {
		case !known:
			continue
		case err == nil && string(raw) == string(kept.Content):
			continue
		case err != nil && !os.IsNotExist(err):
			return err
		case err == nil && !o.Reset:
			info, err := os.Stat(path)
			if err != nil {
				return err
			}
			if info.ModTime().After(kept.At.Add(time.Second)) {
				return fmt.Errorf("%s newer than datastore and could cause a cluster outage. Remove the file(s) from disk and restart to be recreated from datastore.", path)
			}
		}
		differ = append(differ, path)
	}
	if len(differ) == 0 {
		return nil
	}
	if o.Reset {
		if _, err := os.Stat(o.Data.TLS("server-ca.crt")); err == nil {
			backup := o.Data.Server(fmt.Sprintf("tls-%d", time.Now().Unix()))
			say.Info("Cluster reset: backing up certificates directory to %s", backup)
			if err := os.CopyFS(backup, os.DirFS(o.Data.TLS())); err != nil && !os.IsExist(err) {
				return err
			}
		}
	}
	for _, path := range differ {
		say.Info("Updating bootstrap data on disk from datastore: %s", path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		kept := files[filepath.Base(path)]
		if err := os.WriteFile(path, kept.Content, 0o600); err != nil {
			return err
		}
		if err := os.Chtimes(path, kept.At, kept.At); err != nil {
			return err
		}
	}
	return nil
}

func sealer(secret string, salt []byte) (cipher.AEAD, error) {
	key, err := pbkdf2.Key(sha256.New, secret, salt, 4096, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

const saltLen, nonceLen = 8, 12

func lock(secret string, plain []byte) ([]byte, error) {
	head := make([]byte, saltLen+nonceLen)
	if _, err := rand.Read(head); err != nil {
		return nil, err
	}
	s, err := sealer(secret, head[:saltLen])
	if err != nil {
		return nil, err
	}
	return s.Seal(head, head[saltLen:], plain, nil), nil
}

func open(secret string, locked []byte) ([]byte, error) {
	if len(locked) < saltLen+nonceLen {
		return nil, fmt.Errorf("bootstrap data of %d bytes", len(locked))
	}
	s, err := sealer(secret, locked[:saltLen])
	if err != nil {
		return nil, err
	}
	return s.Open(nil, locked[saltLen:saltLen+nonceLen], locked[saltLen+nonceLen:], nil)
}
