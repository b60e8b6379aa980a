package server

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/etcd/etcdutl/v3/snapshot"
	"go.uber.org/zap"

	"blackstart/stand-in/internal/say"
)

// ResetCluster is `k3s server --cluster-reset`: this server becomes the only member, of what is there or of a snapshot, and k3s ends.
func (o *Options) ResetCluster() error {
	flag := o.Data.DB("reset-flag")
	if _, err := os.Stat(flag); err == nil && o.RestorePath == "" {
		return fmt.Errorf("cluster-reset was successfully performed, please remove the cluster-reset flag and start k3s normally, if you need to perform another cluster reset, you must first manually delete the %s file", flag)
	}
	restore := o.RestorePath
	if restore != "" {
		// k3s takes a bare name as one of its own snapshots.
		if _, err := os.Stat(restore); os.IsNotExist(err) && filepath.Base(restore) == restore {
			restore = o.Data.DB("snapshots", restore)
		}
		info, err := os.Stat(restore)
		if os.IsNotExist(err) {
			return fmt.Errorf("etcd: snapshot path does not exist: %s", restore)
		}
		if err != nil {
			return err
		}
		if info.IsDir() {
			return fmt.Errorf("etcd: snapshot path must be a file, not a directory: %s", restore)
		}
	}
	if err := o.prepare(); err != nil {
		return err
	}
	say.Info("Starting k3s %s (stand-in)", Version)
	folder := o.Data.DB("etcd")
	if restore != "" {
		if err := o.restore(restore, folder); err != nil {
			return err
		}
	} else if _, err := os.Stat(folder); err != nil {
		return fmt.Errorf("cluster-reset: %w", err)
	}
	c, err := o.startEtcd(restore == "")
	if err != nil {
		return fmt.Errorf("preparing server: start managed database: %w", err)
	}
	defer stop(5*time.Second, c)
	db, err := o.etcdReady(c)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := o.bootstrap(db); err != nil {
		return err
	}
	if err := o.writeTokens(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	members, err := db.MemberList(ctx)
	if err != nil {
		return err
	}
	if len(members.Members) != 1 {
		return fmt.Errorf("etcd still has %d members", len(members.Members))
	}
	if err := os.WriteFile(flag, nil, 0o600); err != nil {
		return err
	}
	say.Info("Managed etcd cluster membership has been reset, restart without --cluster-reset flag now. Backup and delete ${datadir}/server/db on each peer etcd server and rejoin the nodes")
	return nil
}

// restore puts the snapshot in the place of what was there, which is kept under another name.
func (o *Options) restore(file, folder string) error {
	old := ""
	if _, err := os.Stat(folder); err == nil {
		old = fmt.Sprintf("%s-old-%d", folder, time.Now().Unix())
		if err := os.Rename(folder, old); err != nil {
			return err
		}
	}
	say.Info("Pre-restore etcd database moved to %s", old)
	err := snapshot.NewV3(zap.NewNop()).Restore(snapshot.RestoreConfig{
		SnapshotPath: file, Name: etcdName, OutputDataDir: folder, OutputWALDir: filepath.Join(folder, "member", "wal"),
		PeerURLs: []string{peerURL}, InitialCluster: etcdName + "=" + peerURL, InitialClusterToken: "k3s",
	})
	if err == nil {
		return nil
	}
	// A snapshot that is none must not cost the datastore that was there.
	_ = os.RemoveAll(folder)
	if old != "" {
		if back := os.Rename(old, folder); back != nil {
			return fmt.Errorf("%w; and the old datastore stays in %s: %w", err, old, back)
		}
	}
	return fmt.Errorf("failed to restore etcd snapshot %s: %w", file, err)
}
