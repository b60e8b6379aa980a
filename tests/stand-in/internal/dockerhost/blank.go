package dockerhost

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
)

// Blank makes a running container lose its address in the daemon's books while it goes on running: the daemon is killed, the
// container's file edited, and the daemon started again so that it adopts what runs.
func Blank(dir, name string) error {
	host, err := Read(dir)
	if err != nil {
		return err
	}
	answer, err := client(host.Socket).Get("http://docker/containers/" + name + "/json")
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	var container struct{ ID string }
	if err := json.NewDecoder(answer.Body).Decode(&container); err != nil || answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the daemon has no container %s: %s %v", name, answer.Status, err)
	}
	if err := Daemon(dir, []string{"kill"}); err != nil {
		return err
	}
	file := filepath.Join(dir, "data", "containers", container.ID, "config.v2.json")
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var config map[string]any
	if err := json.Unmarshal(text, &config); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	settings, _ := config["NetworkSettings"].(map[string]any)
	networks, _ := settings["Networks"].(map[string]any)
	for _, network := range networks {
		if endpoint, ok := network.(map[string]any); ok {
			for _, key := range []string{"EndpointID", "Gateway", "IPAddress", "MacAddress"} {
				endpoint[key] = ""
			}
			endpoint["IPPrefixLen"] = 0
		}
	}
	if text, err = json.Marshal(config); err != nil {
		return err
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return err
	}
	return Daemon(dir, []string{"start", "--live-restore"})
}
