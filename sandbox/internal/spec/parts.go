package spec

import (
	"fmt"
	"slices"
	"strings"
)

// What k3s brings by itself and a sandbox can stand in for, by the names that k3s has for leaving each out; K3s are the
// kinds that every k3s has.
const (
	LocalStorage   = "local-storage"
	ServiceLB      = "servicelb"
	Traefik        = "traefik"
	HelmController = "helm-controller"
	K3s            = "k3s"
)

// Parts are all of them.
var Parts = []string{K3s, HelmController, LocalStorage, ServiceLB, Traefik}

// StoragePath is where k3s lays the volumes of local-path when nothing else is said.
const StoragePath = "/var/lib/rancher/k3s/storage"

func checkParts(parts []string, storage string) error {
	for i, part := range parts {
		if !slices.Contains(Parts, part) {
			return fmt.Errorf("--brings %q is not known; use %s", part, strings.Join(Parts, ", "))
		}
		if slices.Contains(parts[:i], part) {
			return fmt.Errorf("--brings: %s is given twice", part)
		}
	}
	if !strings.HasPrefix(storage, "/") || strings.Trim(storage, "/") == "" {
		return fmt.Errorf("--storage-path %q: it must be a folder below /; example: --storage-path %s", storage, StoragePath)
	}
	return nil
}
