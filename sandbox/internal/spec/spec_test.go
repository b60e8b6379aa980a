package spec

import (
	"strings"
	"testing"
	"time"
)

func TestANodeIsReadFromItsWords(t *testing.T) {
	n, err := ParseNode("name=pi,arch=arm64,cpu=4,memory=8Gi,label.disk=usb,label.example.com/a=,taint=dedicated=media:NoSchedule,taint=lonely:NoExecute")
	if err != nil {
		t.Fatal(err)
	}
	if n.Name != "pi" || n.Arch != "arm64" || n.CPU != "4" || n.Memory != "8Gi" || n.Labels["disk"] != "usb" || len(n.Labels) != 2 {
		t.Errorf("%+v", n)
	}
	if len(n.Taints) != 2 || n.Taints[0].ToString() != "dedicated=media:NoSchedule" || n.Taints[1].ToString() != "lonely:NoExecute" {
		t.Errorf("%+v", n.Taints)
	}
}

func TestAWrongNodeIsRefusedWithTheWordThatIsWrong(t *testing.T) {
	for text, want := range map[string]string{
		"":                                      `"" is not KEY=VALUE`,
		"arch=amd64":                            "it has no name",
		"name=Pi":                               `name "Pi"`,
		"name=a,arch=mips":                      `arch "mips" is not known; use amd64 or arm64`,
		"name=a,cpu=0":                          `cpu "0" is not a quantity above zero`,
		"name=a,memory=much":                    `memory "much" is not a quantity`,
		"name=a,label.a b=c":                    `label "a b"`,
		"name=a,label.kubernetes.io/arch=arm64": "it follows from name= and arch=",
		"name=a,taint=x=y":                      "has no effect",
		"name=a,taint=x=y:Sometimes":            `effect "Sometimes" is not known`,
		"name=a,colour=red":                     `"colour" is not known`,
	} {
		if _, err := ParseNode(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, wanted is %s", text, err, want)
		}
	}
}

func TestTheWholeIsCheckedToo(t *testing.T) {
	good := func() *Up {
		return &Up{Name: "a", Domain: "cluster.local", ServiceCIDR: "10.43.0.0/16", Wait: time.Second}
	}
	if u := good(); u.Check() != nil || len(u.Nodes) != 1 {
		t.Errorf("the plain one is refused: %v", u.Check())
	}
	for want, change := range map[string]func(*Up){
		"given twice":                     func(u *Up) { u.Nodes = []Node{{Name: "x"}, {Name: "x"}} },
		"at most 16":                      func(u *Up) { u.Nodes = make([]Node, 17) },
		`name "A"`:                        func(u *Up) { u.Name = "A" },
		`--domain "a_b"`:                  func(u *Up) { u.Domain = "a_b" },
		"IPv4 range":                      func(u *Up) { u.ServiceCIDR = "fd00::/64" },
		"needs an end":                    func(u *Up) { u.Keep = true },
		"must be above zero":              func(u *Up) { u.Wait = 0 },
		"coredns\" is not known; use k3s": func(u *Up) { u.Brings = []string{"coredns"} },
		"traefik is given twice":          func(u *Up) { u.Brings = []string{Traefik, K3s, Traefik} },
		"a folder below /":                func(u *Up) { u.StoragePath = "//" },
	} {
		u := good()
		change(u)
		if err := u.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, wanted is %s", err, want)
		}
	}
}

func TestAddressesFollowFromNumbers(t *testing.T) {
	if ip, err := ServiceIP("10.99.3.0/16", 10); err != nil || ip != "10.99.0.10" {
		t.Errorf("%s %v", ip, err)
	}
	if NodeIP(0) == NodeIP(1) || PodIPs(0) == PodIPs(1) {
		t.Error("two nodes share an address")
	}
}

func TestLabelsAreRead(t *testing.T) {
	if l, err := ParseLabels([]string{"run=r1", "a.b/c="}); err != nil || l["run"] != "r1" || len(l) != 2 {
		t.Errorf("%v %v", l, err)
	}
	for _, bad := range []string{"run", "=x", "a=b c"} {
		if _, err := ParseLabels([]string{bad}); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
