// Package tunnel is a stand-in of a tunnel's two ends: the connector that runs in a cluster, and the edge outside that names of
// the world lead to. The connector dials, says which tunnel it is of, and then answers the edge's requests over that connection.
package tunnel

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strings"
)

// Port is where connectors find the edge.
const Port = "7844"

// Regions are the names by which connectors find the edge.
var Regions = []string{"region1.v2.argotunnel.com", "region2.v2.argotunnel.com"}

// Token is what a connector is given: base64 of JSON, as the real one's.
type Token struct {
	Account string `json:"a"`
	Tunnel  string `json:"t"`
	Secret  []byte `json:"s"`
}

// ParseToken gives no reason: the text of one could be printed with it.
func ParseToken(text string) (Token, bool) {
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil {
		return Token{}, false
	}
	var t Token
	if err := json.Unmarshal(raw, &t); err != nil {
		return Token{}, false
	}
	return t, t.Account != "" && t.Tunnel != "" && len(t.Secret) > 0
}

func (t Token) String() string {
	raw, err := json.Marshal(t)
	if err != nil {
		return ""
	}
	return base64.StdEncoding.EncodeToString(raw)
}

// Rule says where requests for a name go; the one without a name is for all others.
type Rule struct {
	Hostname string `json:"hostname,omitempty"`
	Path     string `json:"path,omitempty"`
	Service  string `json:"service"`
}

// Configuration is what the edge keeps for a tunnel and its connectors follow.
type Configuration struct {
	Version int    `json:"version"`
	Ingress []Rule `json:"ingress"`
}

// hello is the first line of a connection, from the connector; welcome is the edge's.
type hello struct {
	Token     Token  `json:"token"`
	Connector string `json:"connector"`
	Index     int    `json:"index"`
	Version   string `json:"version"`
}

type welcome struct {
	Error         string        `json:"error,omitempty"`
	Permanent     bool          `json:"permanent,omitempty"`
	Connection    string        `json:"connection,omitempty"`
	Location      string        `json:"location,omitempty"`
	Configuration Configuration `json:"configuration"`
}

// configurationPath is where a connector takes a changed configuration; no request from outside can ask for it.
const configurationPath = "/stand-in/configuration"

// ownHeader marks what the edge itself asks of a connector; it is taken off whatever comes from outside.
const ownHeader = "Stand-In-Edge"

func writeLine(w io.Writer, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = w.Write(append(raw, '\n'))
	return err
}

// readLine takes a line and not a byte more, because what follows is for somebody else.
func readLine(r net.Conn, v any) error {
	var line []byte
	one := make([]byte, 1)
	for len(line) < 1<<20 {
		if _, err := io.ReadFull(r, one); err != nil {
			return err
		}
		if one[0] == '\n' {
			return json.Unmarshal(line, v)
		}
		line = append(line, one[0])
	}
	return fmt.Errorf("a line of more than a megabyte: %w", bufio.ErrTooLong)
}
