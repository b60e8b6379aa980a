// Package snapshot is `k3s etcd-snapshot` and `k3s server --cluster-reset`, over etcd's own client and restorer.
package snapshot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"text/tabwriter"
	"time"

	"blackstart/stand-in/internal/flags"
	"blackstart/stand-in/internal/paths"
	"blackstart/stand-in/internal/say"
	"blackstart/stand-in/internal/server"
)

// Main runs `etcd-snapshot ARGS`.
func Main(args []string) error {
	word := "save"
	if len(args) > 0 && (len(args[0]) == 0 || args[0][0] != '-') {
		word, args = args[0], args[1:]
	}
	s, err := flags.Parse(flags.Snapshot, args)
	if err != nil {
		return err
	}
	data := server.DataDir(s)
	folder := s.Text("dir", data.DB("snapshots"))
	if _, err := os.Stat(data.DB()); err != nil && word == "save" {
		return fmt.Errorf("etcd database not found in %s: %w", data.DB("etcd"), err)
	}
	if word != "ls" && word != "list" && !server.UsesEtcd(data, false) {
		return errors.New("etcd datastore is not enabled: this server's datastore is " + data.DB(server.StateFile))
	}
	switch word {
	case "save":
		host, err := os.Hostname()
		if err != nil {
			return err
		}
		return save(data, folder, s.Text("name", "on-demand"), s.Text("node-name", host))
	case "ls", "list", "l":
		return list(folder)
	case "delete":
		if len(s.Rest) == 0 {
			return errors.New("no snapshots given for removal")
		}
		for _, name := range s.Rest {
			if err := os.Remove(filepath.Join(folder, filepath.Base(name))); err != nil {
				return err
			}
			say.Info("Snapshot %s deleted.", name)
		}
		return nil
	default:
		return fmt.Errorf("etcd-snapshot %s: the stand-in does not play it", word)
	}
}

func save(data paths.Data, folder, name, node string) error {
	client, err := server.EtcdClient(data)
	if err != nil {
		return err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	probe, stop := context.WithTimeout(ctx, 5*time.Second)
	defer stop()
	if _, err := client.Status(probe, "https://127.0.0.1:2379"); err != nil {
		return fmt.Errorf("failed to test datastore connection: %w", err)
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	r, err := client.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer r.Close()
	file := filepath.Join(folder, fmt.Sprintf("%s-%s-%d", name, node, time.Now().Unix()))
	say.Info("Saving etcd snapshot to %s", file)
	out, err := os.OpenFile(file+".part", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer out.Close()
	if _, err := io.Copy(out, r); err != nil {
		return err
	}
	if err := out.Sync(); err != nil {
		return err
	}
	if err := os.Rename(file+".part", file); err != nil {
		return err
	}
	say.Info("Snapshot %s saved.", filepath.Base(file))
	return nil
}

func list(folder string) error {
	all, err := os.ReadDir(folder)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	sort.Slice(all, func(a, b int) bool { return all[a].Name() < all[b].Name() })
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 1, ' ', 0)
	fmt.Fprintln(w, "Name\tLocation\tSize\tCreated")
	for _, e := range all {
		info, err := e.Info()
		if err != nil || e.IsDir() {
			continue
		}
		fmt.Fprintf(w, "%s\tfile://%s\t%d\t%s\n", e.Name(), filepath.Join(folder, e.Name()), info.Size(), info.ModTime().UTC().Format(time.RFC3339))
	}
	return w.Flush()
}
