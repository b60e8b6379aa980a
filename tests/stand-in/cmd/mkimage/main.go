// Command mkimage packs files into an image that `docker load` and `ctr image import` take, without a docker. Part of the stand-in's build.
//
//	mkimage -o OUT.tar -name NAME… [-base ROOT.tar] [-entrypoint WORD…] [-cmd WORD…] [-env K=V…] [-volume PATH…] [SRC:DST…] [@TARGET:LINK…]
package main

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path"
	"runtime"
	"strings"
	"time"
)

type many []string

func (m *many) String() string     { return strings.Join(*m, ",") }
func (m *many) Set(v string) error { *m = append(*m, v); return nil }

// epoch makes an image the same for the same files, whenever it is packed.
var epoch = time.Unix(1700000000, 0).UTC()

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "mkimage:", err)
		os.Exit(1)
	}
}

func run() error {
	var names, entry, cmd, env, volumes many
	out := flag.String("o", "", "the archive to write")
	base := flag.String("base", "", "a tar that is the first layer")
	flag.Var(&names, "name", "a name of the image")
	flag.Var(&entry, "entrypoint", "a word of the entrypoint")
	flag.Var(&cmd, "cmd", "a word of the command")
	flag.Var(&env, "env", "a variable")
	flag.Var(&volumes, "volume", "a path that is a volume")
	flag.Parse()
	if *out == "" || len(names) == 0 {
		return fmt.Errorf("-o and -name are wanted")
	}
	folder, err := os.MkdirTemp(path.Dir(*out), ".mkimage-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	own := path.Join(folder, "own.tar")
	if err := pack(own, flag.Args(), *base == ""); err != nil {
		return err
	}
	layers := []string{own}
	if *base != "" {
		layers = []string{*base, own}
	}
	var ids, files []string
	for _, l := range layers {
		sum, err := digest(l)
		if err != nil {
			return err
		}
		ids, files = append(ids, "sha256:"+sum), append(files, sum+".tar")
	}
	if len(env) == 0 {
		env = many{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
	}
	settings := map[string]any{"Entrypoint": entry, "Cmd": cmd, "Env": env}
	if len(volumes) > 0 {
		set := map[string]struct{}{}
		for _, v := range volumes {
			set[v] = struct{}{}
		}
		settings["Volumes"] = set
	}
	config, err := json.Marshal(map[string]any{
		"architecture": runtime.GOARCH, "os": "linux", "created": epoch, "config": settings,
		"rootfs": map[string]any{"type": "layers", "diff_ids": ids},
	})
	if err != nil {
		return err
	}
	sum := sha256.Sum256(config)
	configName := hex.EncodeToString(sum[:]) + ".json"
	manifest, err := json.Marshal([]map[string]any{{"Config": configName, "RepoTags": names, "Layers": files}})
	if err != nil {
		return err
	}
	target, err := os.Create(*out + ".new")
	if err != nil {
		return err
	}
	defer target.Close()
	t := tar.NewWriter(target)
	for _, f := range []struct {
		name string
		data []byte
	}{{configName, config}, {"manifest.json", manifest}} {
		if err := put(t, f.name, 0o644, int64(len(f.data)), strings.NewReader(string(f.data))); err != nil {
			return err
		}
	}
	for i, l := range layers {
		if err := putFile(t, files[i], 0o644, l); err != nil {
			return err
		}
	}
	if err := t.Close(); err != nil {
		return err
	}
	return os.Rename(*out+".new", *out)
}

// pack writes the layer of our own files; an image without a base also gets what programs expect of a root.
func pack(file string, items []string, bare bool) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer f.Close()
	t := tar.NewWriter(f)
	if bare {
		for _, d := range []struct {
			name string
			mode int64
		}{{"tmp/", 0o1777}, {"etc/", 0o755}} {
			if err := t.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: d.name, Mode: d.mode, ModTime: epoch}); err != nil {
				return err
			}
		}
		users := "root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n"
		if err := put(t, "etc/passwd", 0o644, int64(len(users)), strings.NewReader(users)); err != nil {
			return err
		}
	}
	made := map[string]bool{}
	for _, item := range items {
		from, to, ok := strings.Cut(item, ":")
		if !ok {
			return fmt.Errorf("%s: not SRC:DST", item)
		}
		to = strings.TrimPrefix(to, "/")
		// Folders of a base are there already, and writing them again would change their modes.
		if dir := path.Dir(to); dir != "." && !made[dir] && (bare || strings.HasPrefix(dir, "usr/share/stand-in")) {
			made[dir] = true
			if err := t.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: dir + "/", Mode: 0o755, ModTime: epoch}); err != nil {
				return err
			}
		}
		if target, link := strings.CutPrefix(from, "@"); link {
			if err := t.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: to, Linkname: target, ModTime: epoch}); err != nil {
				return err
			}
			continue
		}
		info, err := os.Stat(from)
		if err != nil {
			return err
		}
		if err := putFile(t, to, int64(info.Mode().Perm()), from); err != nil {
			return err
		}
	}
	return t.Close()
}

func putFile(t *tar.Writer, name string, mode int64, file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	return put(t, name, mode, info.Size(), f)
}

func put(t *tar.Writer, name string, mode, size int64, r io.Reader) error {
	if err := t.WriteHeader(&tar.Header{Name: name, Mode: mode, Size: size, ModTime: epoch}); err != nil {
		return err
	}
	_, err := io.Copy(t, r)
	return err
}

func digest(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
