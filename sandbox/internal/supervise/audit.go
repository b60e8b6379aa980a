package supervise

import "blackstart/sandbox/internal/spec"

// auditFile is in the sandbox's folder.
const auditFile = "audit.log"

// auditPolicy writes down everything that is asked and answered, once; of Secrets and of tokens only that they were asked for.
const auditPolicy = `{"apiVersion":"audit.k8s.io/v1","kind":"Policy","omitStages":["RequestReceived"],"omitManagedFields":true,"rules":[
{"level":"Metadata","resources":[{"group":"","resources":["secrets","serviceaccounts/token"]},{"group":"authentication.k8s.io","resources":["tokenreviews"]}]},
{"level":"None","resources":[{"group":"coordination.k8s.io","resources":["leases"]}]},
{"level":"RequestResponse"}]}
`

// auditArgs makes the API server write it. It waits for each line: what is looked for afterwards is there.
func auditArgs(l layout, u *spec.Up) []string {
	if !u.Audit {
		return nil
	}
	return []string{"--audit-policy-file=" + l.in("config", "audit.json"), "--audit-log-path=" + l.in(auditFile), "--audit-log-mode=blocking"}
}
