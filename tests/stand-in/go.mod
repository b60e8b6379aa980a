module blackstart/stand-in

go 1.26.8

require (
	go.yaml.in/yaml/v2 v2.4.4
	golang.org/x/sys v0.47.0
	sigs.k8s.io/yaml v1.6.0
)
