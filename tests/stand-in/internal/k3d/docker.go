package k3d

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path"
	"strings"
)

// docker speaks with a daemon's socket. It knows the answers that k3d needs and no others.
type docker struct {
	host string
	http *http.Client
	gone bool // a fault: from now on the daemon does not answer
}

const defaultSocket = "/var/run/docker.sock"

func newDocker() *docker {
	host := os.Getenv("DOCKER_HOST")
	if host == "" {
		host = "unix://" + defaultSocket
	}
	kind, address, _ := strings.Cut(host, "://")
	if kind != "unix" {
		kind = "tcp"
	}
	return &docker{host: host, http: &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, kind, address)
		},
	}}}
}

// socket is the path that k3d mounts into its tools node.
func (d *docker) socket() string {
	if name, ok := strings.CutPrefix(d.host, "unix://"); ok {
		return name
	}
	return defaultSocket
}

// failure is a daemon's refusal.
type failure struct {
	status  int
	message string
}

func (f *failure) Error() string { return "Error response from daemon: " + f.message }

func notFound(err error) bool {
	var f *failure
	return errors.As(err, &f) && f.status == http.StatusNotFound
}

func (d *docker) unreachable() error {
	return fmt.Errorf("Cannot connect to the Docker daemon at %s. Is the docker daemon running?", d.host)
}

// open sends a request and returns the body of a good answer.
func (d *docker) open(ctx context.Context, method, target string, query url.Values, kind string, body io.Reader) (io.ReadCloser, error) {
	if d.gone {
		return nil, d.unreachable()
	}
	address := "http://docker" + target
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return nil, err
	}
	if kind != "" {
		request.Header.Set("Content-Type", kind)
	}
	answer, err := d.http.Do(request)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, d.unreachable()
	}
	if answer.StatusCode >= 400 {
		defer answer.Body.Close()
		text, _ := io.ReadAll(answer.Body)
		var said struct{ Message string }
		if json.Unmarshal(text, &said) != nil || said.Message == "" {
			said.Message = strings.TrimSpace(string(text))
		}
		return nil, &failure{answer.StatusCode, said.Message}
	}
	return answer.Body, nil
}

// call sends JSON and reads JSON.
func (d *docker) call(ctx context.Context, method, target string, query url.Values, in, out any) error {
	var body io.Reader
	kind := ""
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body, kind = bytes.NewReader(text), "application/json"
	}
	answer, err := d.open(ctx, method, target, query, kind, body)
	if err != nil {
		return err
	}
	defer answer.Close()
	if out == nil {
		_, err = io.Copy(io.Discard, answer)
		return err
	}
	return json.NewDecoder(answer).Decode(out)
}

func filters(all map[string][]string) url.Values {
	text, _ := json.Marshal(all)
	return url.Values{"filters": {string(text)}}
}

type found struct {
	ID     string `json:"Id"`
	Names  []string
	Labels map[string]string
}

func (d *docker) containers(ctx context.Context, labels map[string]string, name string) ([]found, error) {
	wanted := map[string][]string{}
	for key, value := range labels {
		wanted["label"] = append(wanted["label"], key+"="+value)
	}
	if name != "" {
		wanted["name"] = []string{name}
	}
	query := filters(wanted)
	query.Set("all", "1")
	var list []found
	err := d.call(ctx, "GET", "/containers/json", query, nil, &list)
	return list, err
}

func (d *docker) inspect(ctx context.Context, id string) (details, error) {
	var all details
	err := d.call(ctx, "GET", "/containers/"+id+"/json", nil, nil, &all)
	return all, err
}

func (d *docker) remove(ctx context.Context, id string) error {
	return d.call(ctx, "DELETE", "/containers/"+id, url.Values{"v": {"1"}, "force": {"1"}}, nil, nil)
}

// put writes one file into a container, running or not.
func (d *docker) put(ctx context.Context, id, file string, mode int64, content []byte) error {
	var text bytes.Buffer
	archive := tar.NewWriter(&text)
	if err := archive.WriteHeader(&tar.Header{Name: strings.TrimPrefix(file, "/"), Mode: mode, Size: int64(len(content)), Typeflag: tar.TypeReg}); err != nil {
		return err
	}
	if _, err := archive.Write(content); err != nil {
		return err
	}
	if err := archive.Close(); err != nil {
		return err
	}
	answer, err := d.open(ctx, "PUT", "/containers/"+id+"/archive", url.Values{"path": {"/"}}, "application/x-tar", &text)
	if err != nil {
		return err
	}
	return answer.Close()
}

// get reads one file out of a container.
func (d *docker) get(ctx context.Context, id, file string) ([]byte, error) {
	answer, err := d.open(ctx, "GET", "/containers/"+id+"/archive", url.Values{"path": {file}}, "", nil)
	if err != nil {
		return nil, err
	}
	defer answer.Close()
	archive := tar.NewReader(answer)
	for {
		header, err := archive.Next()
		if err != nil {
			return nil, err
		}
		if path.Base(header.Name) == path.Base(file) {
			return io.ReadAll(archive)
		}
	}
}

// frames takes the daemon's frames off a stream of two outputs.
type frames struct {
	from io.Reader
	left uint32
}

func (f *frames) Read(to []byte) (int, error) {
	for f.left == 0 {
		var head [8]byte
		if _, err := io.ReadFull(f.from, head[:]); err != nil {
			return 0, err
		}
		f.left = binary.BigEndian.Uint32(head[4:])
	}
	n, err := f.from.Read(to[:min(len(to), int(f.left))])
	f.left -= uint32(n)
	return n, err
}

// exec runs a program in a container, feeds it stdin if there is any, and returns what it said.
func (d *docker) exec(ctx context.Context, id string, argv []string, stdin io.Reader) (string, int, error) {
	var made struct{ Id string }
	if err := d.call(ctx, "POST", "/containers/"+id+"/exec", nil, map[string]any{
		"AttachStdin": stdin != nil, "AttachStdout": true, "AttachStderr": true, "Privileged": true, "Cmd": argv,
	}, &made); err != nil {
		return "", 0, err
	}
	output, err := d.attach(ctx, made.Id, stdin)
	if err != nil {
		return output, 0, err
	}
	var state struct{ ExitCode int }
	err = d.call(ctx, "GET", "/exec/"+made.Id+"/json", nil, nil, &state)
	return output, state.ExitCode, err
}

// attach starts an exec. Its stdin goes over the connection after it was taken over from HTTP.
func (d *docker) attach(ctx context.Context, id string, stdin io.Reader) (string, error) {
	if d.gone {
		return "", d.unreachable()
	}
	kind, address, _ := strings.Cut(d.host, "://")
	if kind != "unix" {
		kind = "tcp"
	}
	connection, err := (&net.Dialer{}).DialContext(ctx, kind, address)
	if err != nil {
		return "", d.unreachable()
	}
	defer connection.Close()
	if _, err := fmt.Fprintf(connection, "POST /exec/%s/start HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Type: application/json\r\nContent-Length: 28\r\n\r\n{\"Detach\":false,\"Tty\":false}", id); err != nil {
		return "", err
	}
	var head []byte
	for one := make([]byte, 1); !bytes.HasSuffix(head, []byte("\r\n\r\n")); {
		if _, err := connection.Read(one); err != nil {
			return "", err
		}
		head = append(head, one...)
	}
	if status := strings.Fields(string(head)); len(status) < 2 || (status[1] != "101" && status[1] != "200") {
		return "", fmt.Errorf("Error response from daemon: %s", bytes.TrimSpace(head))
	}
	go func() {
		if stdin != nil {
			_, _ = io.Copy(connection, stdin)
		}
		if half, ok := connection.(interface{ CloseWrite() error }); ok {
			_ = half.CloseWrite()
		}
	}()
	text, err := io.ReadAll(&frames{from: connection})
	return string(text), err
}
