// Command mkimage packs files into an image that `docker load` and `ctr image import` take, without a docker. Part of the stand-in's build.
//
//	mkimage -o OUT.tar -name NAME… [-base ROOT.tar] [-entrypoint WORD…] [-cmd WORD…] [-env K=V…] [-volume PATH…]
//	        [-user NAME] [-workdir PATH] [-account NAME:UID:HOME…] [-folder PATH:MODE:UID…] [SRC:DST…] [@TARGET:LINK…]
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
	"strconv"
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
	var l layer
	user := flag.String("user", "", "who its programs run as, a name or a number")
	workdir := flag.String("workdir", "", "the folder its programs start in")
	flag.Var(&l.accounts, "account", "an account beside root and nobody, as NAME:UID:HOME")
	flag.Var(&l.folders, "folder", "an empty folder, as PATH:MODE:UID")
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
	l.items, l.bare = flag.Args(), *base == ""
	if err := l.pack(own); err != nil {
		return err
	}
	layers := []string{own}
	if *base != "" {
		layers = []string{*base, own}
	}
	var ids, files []string
	for _, file := range layers {
		sum, err := digest(file)
		if err != nil {
			return err
		}
		ids, files = append(ids, "sha256:"+sum), append(files, sum+".tar")
	}
	if len(env) == 0 {
		env = many{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
	}
	settings := map[string]any{"Entrypoint": entry, "Cmd": cmd, "Env": env}
	if *user != "" {
		settings["User"] = *user
	}
	if *workdir != "" {
		settings["WorkingDir"] = *workdir
	}
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
	for i, file := range layers {
		if err := putFile(t, files[i], 0o644, file); err != nil {
			return err
		}
	}
	if err := t.Close(); err != nil {
		return err
	}
	return os.Rename(*out+".new", *out)
}

// layer is what our own files become; an image without a base also gets what programs expect of a root.
type layer struct {
	items, accounts, folders many
	bare                     bool
}

func (l *layer) pack(file string) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer f.Close()
	t := tar.NewWriter(f)
	if l.bare {
		if err := l.root(t); err != nil {
			return err
		}
	}
	for _, folder := range l.folders {
		words := strings.Split(folder, ":")
		if len(words) != 3 {
			return fmt.Errorf("%s: not PATH:MODE:UID", folder)
		}
		mode, err := strconv.ParseInt(words[1], 8, 32)
		if err != nil {
			return fmt.Errorf("%s: %w", folder, err)
		}
		uid, err := strconv.Atoi(words[2])
		if err != nil {
			return fmt.Errorf("%s: %w", folder, err)
		}
		name := strings.Trim(words[0], "/") + "/"
		if err := t.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: name, Mode: mode, Uid: uid, ModTime: epoch}); err != nil {
			return err
		}
	}
	if err := l.files(t); err != nil {
		return err
	}
	return t.Close()
}

func (l *layer) root(t *tar.Writer) error {
	for _, d := range []struct {
		name string
		mode int64
	}{{"tmp/", 0o1777}, {"etc/", 0o755}} {
		if err := t.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: d.name, Mode: d.mode, ModTime: epoch}); err != nil {
			return err
		}
	}
	users, groups := "root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n", "root:x:0:\nnogroup:x:65534:\n"
	for _, account := range l.accounts {
		words := strings.Split(account, ":")
		if len(words) != 3 {
			return fmt.Errorf("%s: not NAME:UID:HOME", account)
		}
		users += fmt.Sprintf("%[1]s:x:%[2]s:%[2]s::%[3]s:/bin/sh\n", words[0], words[1], words[2])
		groups += fmt.Sprintf("%s:x:%s:\n", words[0], words[1])
	}
	if err := put(t, "etc/passwd", 0o644, int64(len(users)), strings.NewReader(users)); err != nil {
		return err
	}
	return put(t, "etc/group", 0o644, int64(len(groups)), strings.NewReader(groups))
}

func (l *layer) files(t *tar.Writer) error {
	made := map[string]bool{}
	for _, item := range l.items {
		from, to, ok := strings.Cut(item, ":")
		if !ok {
			return fmt.Errorf("%s: not SRC:DST", item)
		}
		to = strings.TrimPrefix(to, "/")
		// Folders of a base are there already, and writing them again would change their modes.
		if dir := path.Dir(to); dir != "." && !made[dir] && (l.bare || strings.HasPrefix(dir, "usr/share/stand-in")) {
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
	return nil
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
