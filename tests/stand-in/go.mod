module blackstart/stand-in

go 1.26.8

require golang.org/x/sys v0.47.0
