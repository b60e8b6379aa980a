package supervise

import (
	"fmt"

	"blackstart/sandbox/internal/proc"
)

// environment is all that a component gets of one: nothing of the user's, such as proxies, credentials or settings of
// etcd, and a home of its own, so that no file of the user's is looked for.
func (l layout) environment(mark string, limitMiB, gogc int) []string {
	return []string{
		proc.MarkEnv + "=" + mark,
		"HOME=" + l.in("home"),
		"TMPDIR=" + l.in("tmp"),
		"PATH=/nonexistent",
		fmt.Sprintf("GOGC=%d", gogc),
		fmt.Sprintf("GOMEMLIMIT=%dMiB", limitMiB),
	}
}
