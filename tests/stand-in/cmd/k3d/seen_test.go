package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"blackstart/stand-in/internal/k3d"
)

// The test program is k3d itself when it is told so: what is held against the transcripts is a process with its exit code.
func TestMain(m *testing.M) {
	if os.Getenv("PROBE_IS_K3D") != "" {
		k3d.Main(os.Args[1:])
		return
	}
	os.Exit(m.Run())
}

// seen is what the real k3d said to a call.
type seen struct {
	argv        []string
	out, err    string
	code        int
	transcript  string
	anyStamp    bool
	environment []string
}

func transcript(t *testing.T, name string) seen {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	head, rest, _ := strings.Cut(string(text), "# --- stdout\n")
	out, errText, _ := strings.Cut(rest, "# --- stderr\n")
	s := seen{out: out, err: errText, transcript: name}
	lines := strings.Split(head, "\n")
	s.argv = strings.Fields(strings.TrimPrefix(lines[0], "$ k3d "))
	if _, err := fmt.Sscanf(lines[1], "# exit %d", &s.code); err != nil {
		t.Fatal(err)
	}
	return s
}

var changing = []struct {
	pattern *regexp.Regexp
	to      string
}{
	{regexp.MustCompile("\x1b\\[\\d+m"), ""},
	{regexp.MustCompile("\r\n?"), "\n"}, // as the transcripts were written down
	{regexp.MustCompile(`(INFO|WARN|ERRO|FATA)\[\d{4}\]`), "$1[0000]"},
	{regexp.MustCompile(`0x[0-9a-f]+`), "0xADDRESS"},
	{regexp.MustCompile(`\b[0-9a-f]{64}\b`), "ID"},
	{regexp.MustCompile(`netns/[0-9a-f]{12}`), "netns/ID"},
	{regexp.MustCompile(`HostPort:\d+`), "HostPort:PORT"},
	{regexp.MustCompile(`https://0\.0\.0\.0:\d+`), "https://0.0.0.0:PORT"},
	{regexp.MustCompile(`gateway 172\.31\.\d+\.1 `), "gateway 172.31.N.1 "},
	{regexp.MustCompile(`images-\d{14}`), "images-STAMP"},
	{regexp.MustCompile(`unix:///\S+/docker\.sock\.`), "unix:///var/run/docker.sock."},
}

func levelled(text string) string {
	for _, c := range changing {
		text = c.pattern.ReplaceAllString(text, c.to)
	}
	return text
}

// holds compares an answer with the transcript of the real one.
func (s seen) holds(t *testing.T, out, err string, code int) {
	t.Helper()
	if code != s.code {
		t.Errorf("%s: exit code %d, the real one gave %d\n%s%s", s.transcript, code, s.code, out, err)
	}
	for _, c := range []struct{ name, is, was string }{{"stdout", out, s.out}, {"stderr", err, s.err}} {
		if is, was := levelled(c.is), levelled(c.was); is != was {
			t.Errorf("%s: %s differs\n--- the real one\n%s--- this one\n%s", s.transcript, c.name, was, is)
		}
	}
}

func call(t *testing.T, environment []string, argv ...string) (string, string, int) {
	t.Helper()
	run := exec.Command(os.Args[0], argv...)
	run.Env = append(append(os.Environ(), "PROBE_IS_K3D=1", "STAND_IN_K3D_HASTE=1", "HOME="+t.TempDir(), "KUBECONFIG="), environment...)
	run.Dir = "testdata/files"
	var out, errText bytes.Buffer
	run.Stdout, run.Stderr = &out, &errText
	err := run.Run()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		t.Fatal(err)
	}
	return out.String(), errText.String(), run.ProcessState.ExitCode()
}

// fake is a daemon that knows two containers, and no more than the reading calls of k3d need.
func fake(t *testing.T, clusters ...string) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "k3d")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	socket := filepath.Join(folder, "docker.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	containers := map[string]map[string]any{}
	var list []map[string]any
	for _, name := range clusters {
		text, err := os.ReadFile(filepath.Join("testdata/files", name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		var one map[string]any
		if err := json.Unmarshal(text, &one); err != nil {
			t.Fatal(err)
		}
		containers[one["Id"].(string)] = one
		list = append(list, map[string]any{"Id": one["Id"], "Names": []any{one["Name"]}, "Labels": one["Config"].(map[string]any)["Labels"]})
	}
	answer := func(w http.ResponseWriter, value any) { _ = json.NewEncoder(w).Encode(value) }
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/containers/json":
			var wanted struct{ Label []string }
			_ = json.Unmarshal([]byte(r.URL.Query().Get("filters")), &wanted)
			found := []map[string]any{}
		next:
			for _, one := range list {
				for _, label := range wanted.Label {
					key, value, _ := strings.Cut(label, "=")
					if is, _ := one["Labels"].(map[string]any)[key].(string); is != value {
						continue next
					}
				}
				found = append(found, one)
			}
			answer(w, found)
		case strings.HasPrefix(r.URL.Path, "/containers/") && strings.HasSuffix(r.URL.Path, "/json"):
			answer(w, containers[strings.Split(r.URL.Path, "/")[2]])
		case r.URL.Path == "/volumes":
			answer(w, map[string]any{"Volumes": []any{map[string]any{"Name": "k3d-t1-images"}}})
		case r.URL.Path == "/info":
			answer(w, map[string]any{
				"Architecture": "x86_64", "CgroupDriver": "cgroupfs", "CgroupVersion": "1", "Name": "vm", "OSType": "linux",
				"OperatingSystem": "Debian GNU/Linux 12 (bookworm)", "ServerVersion": "20.10.24+dfsg1",
				"DriverStatus": [][]string{{"Backing Filesystem", "extfs"}},
			})
		default:
			w.WriteHeader(http.StatusNotFound)
			answer(w, map[string]any{"message": "no such thing: " + r.URL.Path})
		}
	})}
	go func() { _ = server.Serve(listener) }()
	return "DOCKER_HOST=unix://" + socket
}

func TestWhatIsReadIsToldAsTheRealOneTellsIt(t *testing.T) {
	for name, clusters := range map[string][]string{
		"04-cluster-list":       {"t1"},
		"04b-cluster-list-json": {"t1"},
		"04c-node-list":         {"t1"},
		"04d-node-list-json":    {"t1"},
		"04f-cluster-get-one":   {"t1"},
		"20b-list-two":          {"t2-lb", "t2", "t1"},
		"20c-node-list-two":     {"t2-lb", "t2", "t1"},
		"08-version":            {},
		"08b-version-json":      {},
	} {
		s := transcript(t, name)
		out, err, code := call(t, []string{fake(t, clusters...)}, s.argv...)
		s.holds(t, out, err, code)
	}
	// A cluster whose node loops, has lost its network or was just restarted looks like one that is well.
	for _, name := range []string{"01b-list-while-crashlooping", "10b-list-right-after", "11b-list-after-disconnect", "11d-list-after-disc-restart"} {
		s := transcript(t, name)
		out, err, code := call(t, []string{fake(t, "t1")}, s.argv...)
		s.holds(t, out, err, code)
	}
	for _, name := range []string{"16a-list-after-graceful-dockerd-restart", "16b-list-live-restore-lost-netdb"} {
		s := transcript(t, name)
		out, err, code := call(t, []string{fake(t, "t2-lb", "t2", "t1")}, s.argv...)
		s.holds(t, out, err, code)
	}
	s := transcript(t, "09-runtime-info")
	out, err, code := call(t, []string{fake(t)}, s.argv...)
	s.holds(t, regexp.MustCompile(`endpoint: .*`).ReplaceAllString(out, "endpoint: /var/run/docker.sock"), err, code)
}

func TestWhatIsNotThereIsRefusedOrShruggedOff(t *testing.T) {
	for _, name := range []string{"04g-cluster-get-missing", "05-create-exists", "06-delete-missing", "07-kubeconfig-missing", "19-delete-t8"} {
		s := transcript(t, name)
		out, err, code := call(t, []string{fake(t, "t1")}, s.argv...)
		s.holds(t, out, err, code)
	}
}

func TestOneNodeWithoutAnAddressBreaksEveryCommand(t *testing.T) {
	for _, name := range []string{"17a-list-empty-ip", "17b-list-json-empty-ip", "17c-node-list-empty-ip", "17d-kubeconfig-empty-ip", "17g-start-empty-ip", "17h-stop-empty-ip", "17i-delete-empty-ip"} {
		s := transcript(t, name)
		faults := filepath.Join(t.TempDir(), "faults")
		if err := os.WriteFile(faults, []byte(`{"call":"*","do":"no-address","name":"k3d-t1-server-0"}`+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		out, err, code := call(t, []string{fake(t, "t1"), "STAND_IN_K3D_FAULTS=" + faults}, s.argv...)
		s.holds(t, out, err, code)
	}
}

func TestADaemonThatIsDownMakesTheExitCodesLie(t *testing.T) {
	for _, name := range []string{"13a-list-daemon-killed", "13b-create-daemon-down", "13c-list-no-socket", "13d-delete-daemon-down", "13e-version-daemon-down", "13f-runtime-info-down"} {
		s := transcript(t, name)
		out, err, code := call(t, []string{"DOCKER_HOST=unix:///nowhere/docker.sock", "K3D_IMAGE_LOADBALANCER=example/k3d-proxy:1"}, s.argv...)
		s.holds(t, out, err, code)
	}
}

func TestBadFilesAreRefusedWithTheRealWords(t *testing.T) {
	for _, name := range []string{
		"21a-create-registries-badyaml", "21b-create-registries-wrongtype", "21c-create-registries-nofile", "22a-config-bad-embedded-registries",
		"22b-config-bad-kind", "22c-config-bad-apiversion", "22f-config-missing-file", "22g-bad-name",
	} {
		s := transcript(t, name)
		out, err, code := call(t, []string{fake(t), "K3D_IMAGE_LOADBALANCER=example/k3d-proxy:1"}, s.argv...)
		s.holds(t, out, err, code)
	}
}

func TestAFaultHangsSaysEndsOrPretendsAndEveryCallIsWrittenDown(t *testing.T) {
	folder := t.TempDir()
	faults, calls := filepath.Join(folder, "faults"), filepath.Join(folder, "calls")
	text := `{"call":"cluster list","nth":2,"do":"exit","stderr":"broken\n","code":9}
{"call":"cluster delete","do":"daemon-gone"}
{"call":"cluster create","do":"rolled-back-alive"}
`
	if err := os.WriteFile(faults, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	environment := []string{fake(t, "t1"), "STAND_IN_K3D_FAULTS=" + faults, "STAND_IN_K3D_CALLS=" + calls}
	for i, want := range []int{0, 9, 0} {
		if out, err, code := call(t, environment, "cluster", "list"); code != want {
			t.Errorf("call %d of list ended with %d, not %d: %s%s", i+1, code, want, out, err)
		}
	}
	if _, err, code := call(t, environment, "cluster", "delete", "t1"); code != 0 || !strings.Contains(err, "Cannot connect to the Docker daemon") {
		t.Errorf("a delete without a daemon ended with %d: %s", code, err)
	}
	if _, err, code := call(t, environment, "cluster", "create", "x"); code != 1 || !strings.Contains(err, "all changes have been rolled back!") {
		t.Errorf("the pretence ended with %d: %s", code, err)
	}
	log, err := os.ReadFile(calls)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(log), `"call":"cluster list"`); n != 3 {
		t.Errorf("%d calls of list are written down, not 3:\n%s", n, log)
	}
}
