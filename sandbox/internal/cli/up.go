package cli

import (
	"crypto/rand"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"blackstart/sandbox/internal/cri"
	"blackstart/sandbox/internal/spec"
	"blackstart/sandbox/internal/store"
	"blackstart/sandbox/internal/unseal"
)

const upLong = `Starts a sandbox and prints one line of JSON when it is usable: the default ServiceAccount and the ConfigMap
kube-root-ca.crt are there, all nodes are Ready, and a pod would be let in.

Without --keep it lives until its standard input ends, a signal asks it to, or its parent is gone. With --keep it goes on
in a session of its own until its deadline or until "down". Either way all its processes end and its folder is removed.`

const upExample = `  # live until Ctrl-D
  blackstart-sandbox up

  # two nodes, one of them a Raspberry Pi with a label and a taint
  blackstart-sandbox up --node name=server,cpu=8,memory=32Gi \
      --node name=pi,arch=arm64,cpu=4,memory=8Gi,label.disk=usb,taint=dedicated=media:NoSchedule

  # only these images exist; paths of the host are looked up below ./host
  echo '[{"name":"nginx:1.27","architectures":["amd64","arm64"]}]' > images.json
  blackstart-sandbox up --images images.json --host-root ./host

  # with what a k3s brings by itself
  blackstart-sandbox up --brings k3s,helm-controller,local-storage,servicelb,traefik

  # keep it for two hours, use it, end it
  blackstart-sandbox up --keep --deadline 2h --name try
  export KUBECONFIG=$(blackstart-sandbox kubeconfig try)
  blackstart-sandbox down try`

// defaultDeadline ends a kept sandbox that everyone forgot.
const defaultDeadline = time.Hour

func upCommand() *cobra.Command {
	u := &spec.Up{}
	var nodes, labels []string
	cmd := &cobra.Command{Use: "up", Short: "Start a sandbox", Long: upLong, Example: upExample, Args: wordCount(0, 0)}
	f := cmd.Flags()
	f.StringVar(&u.Name, "name", "", "name of the sandbox (default: a random one)")
	f.StringVar(&u.Dir, "dir", "", "folder of the sandbox, new or empty; removed at its end (default: BASE/NAME)")
	f.StringArrayVar(&nodes, "node", nil, "a node, as name=N[,arch=amd64|arm64][,cpu=8][,memory=32Gi][,label.KEY=VALUE]…[,taint=K=V:Effect]…; may be given again (default: one node sandbox-0)")
	f.StringVar(&u.Domain, "domain", "cluster.local", "domain of the cluster")
	f.StringVar(&u.ServiceCIDR, "service-cidr", "10.43.0.0/16", "range of the Services' addresses")
	f.StringVar(&u.ImagesFile, "images", "", "JSON file with the images that exist (default: every image is assumed)")
	f.StringVar(&u.HostRoot, "host-root", "", "folder that stands for / of every node in hostPath and local volumes (default: DIR/host, empty)")
	f.BoolVar(&u.Keep, "keep", false, "go on after this command ends, until the deadline or `down`")
	f.DurationVar(&u.Deadline, "deadline", 0, "end the sandbox after this time (default with --keep: 1h)")
	f.DurationVar(&u.Wait, "wait", time.Minute, "give up when it is not usable after this time")
	f.StringArrayVar(&labels, "label", nil, "KEY=VALUE noted in sandbox.json and in `list`; may be given again")
	f.StringSliceVar(&u.KeyNamespaces, "key-namespace", unseal.Namespaces, "namespaces in which active keys of SealedSecrets count, as those of their controller do")
	f.BoolVar(&u.NoUnseal, "no-unseal", false, "leave SealedSecrets shut, for a controller of your own")
	f.StringSliceVar(&u.Brings, "brings", nil, "what k3s brings by itself, stood in for: "+strings.Join(spec.Parts, ", "))
	f.StringVar(&u.StoragePath, "storage-path", spec.StoragePath, "folder of a node in which the volumes of local-path lie")
	f.BoolVar(&u.Audit, "audit", false, "write every request and its answer into audit.log of the folder; of Secrets only that they were asked for")
	base := addBase(cmd)
	cmd.RunE = func(*cobra.Command, []string) error {
		if u.Keep && !f.Changed("deadline") {
			u.Deadline = defaultDeadline
		}
		if err := complete(u, *base, nodes, labels, f.Changed("name")); err != nil {
			return err
		}
		return runUp(u)
	}
	return cmd
}

// complete checks the words and makes every path absolute: the supervisor works in another folder.
func complete(u *spec.Up, base string, nodes, labels []string, named bool) error {
	for _, text := range nodes {
		n, err := spec.ParseNode(text)
		if err != nil {
			return usageError{err}
		}
		u.Nodes = append(u.Nodes, n)
	}
	var err error
	if u.Labels, err = spec.ParseLabels(labels); err != nil {
		return usageError{err}
	}
	if !named {
		u.Name = randomName()
	}
	if err := u.Check(); err != nil {
		return usageError{err}
	}
	for _, path := range []*string{&u.Dir, &u.HostRoot, &u.ImagesFile, &base} {
		if *path == "" {
			continue
		}
		if *path, err = filepath.Abs(*path); err != nil {
			return err
		}
	}
	u.Base = base
	if u.ImagesFile != "" {
		if _, err := cri.ReadList(u.ImagesFile); err != nil {
			return usageError{err}
		}
	}
	if u.Dir == "" {
		if err := store.MakeBase(base); err != nil {
			return err
		}
		u.Dir = filepath.Join(base, u.Name)
	}
	return nil
}

// randomName is the same in every stage of one start: the stages share the mark.
func randomName() string {
	if mark := currentMark(); len(mark) >= 6 {
		return "sb-" + mark[:6]
	}
	b := make([]byte, 3)
	_, _ = rand.Read(b) // it never returns an error
	return "sb-" + hex.EncodeToString(b)
}

func stdoutLine(raw []byte) error {
	_, err := os.Stdout.Write(raw)
	return err
}
