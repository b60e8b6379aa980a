// Command argocd is Argo CD's own commands in one program, chosen by the name it is called by, as upstream's is. Left out is
// what a core install does not start: the API server, dex, notifications, plugins, the commit server and most of the command line.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"k8s.io/klog/v2"

	appcontroller "github.com/argoproj/argo-cd/v3/cmd/argocd-application-controller/commands"
	applicationset "github.com/argoproj/argo-cd/v3/cmd/argocd-applicationset-controller/commands"
	gitaskpass "github.com/argoproj/argo-cd/v3/cmd/argocd-git-ask-pass/commands"
	reposerver "github.com/argoproj/argo-cd/v3/cmd/argocd-repo-server/commands"
	"github.com/argoproj/argo-cd/v3/cmd/util"
	"github.com/argoproj/argo-cd/v3/util/log"
)

func main() {
	klog.SetLogger(log.NewLogrusLogger(log.NewWithCurrentConfig()))
	name := filepath.Base(os.Args[0])
	if given := os.Getenv("ARGOCD_BINARY_NAME"); given != "" {
		name = given
	}
	short := false
	var command *cobra.Command
	switch name {
	case "argocd-application-controller":
		command = appcontroller.NewCommand()
	case "argocd-applicationset-controller":
		command = applicationset.NewCommand()
	case "argocd-repo-server":
		command = reposerver.NewCommand()
	case "argocd-git-ask-pass":
		command, short = gitaskpass.NewCommand(), true
	case "argocd":
		command, short = commandLine(), true
	default:
		fmt.Fprintf(os.Stderr, "%s: not among the commands of Argo CD that this build has\n", name)
		os.Exit(20)
	}
	util.SetAutoMaxProcs(short)
	if err := command.Execute(); err != nil {
		os.Exit(1)
	}
}
