package units

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"
)

func TestTheUnitOfK3ssInstallerIsUnderstood(t *testing.T) {
	dir := t.TempDir()
	text := `[Unit]
Description=Lightweight Kubernetes
[Install]
WantedBy=multi-user.target
[Service]
Type=notify
EnvironmentFile=-/etc/default/%N
KillMode=process
Delegate=yes
LimitNOFILE=1048576
TimeoutStartSec=0
Restart=always
RestartSec=5s
ExecStartPre=-/sbin/modprobe overlay
ExecStart=/usr/local/bin/k3s \
    server \
	'--node-name' \
	'a b'
`
	if err := os.WriteFile(filepath.Join(dir, "k3s.service"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	u, err := read(dir, "k3s.service")
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(u.command, [][]string{{"/usr/local/bin/k3s", "server", "--node-name", "a b"}}) {
		t.Errorf("command: %q", u.command)
	}
	if u.kind != "notify" || u.killMode != "process" || u.restart != "always" || u.restartSec != 5*time.Second || u.startLimit != 0 || !reflect.DeepEqual(u.wantedBy, []string{"multi-user.target"}) {
		t.Errorf("unit: %+v", u)
	}
}

func TestAUnitWithoutACommandIsRefused(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.service"), []byte("[Service]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := read(dir, "a.service"); err == nil {
		t.Fatal("taken")
	}
}
