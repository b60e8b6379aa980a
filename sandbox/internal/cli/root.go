// Package cli is the command line: words in, words out, exit statuses. What the words mean is told elsewhere.
package cli

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"k8s.io/component-base/version"

	"blackstart/sandbox/internal/store"
)

// Version is this program's own; the build sets it.
var Version = "0.1.0"

// usageError is a mistake in the words: exit status 2.
type usageError struct{ error }

func (u usageError) Unwrap() error { return u.error }

func usage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

const long = `blackstart-sandbox starts a real Kubernetes as child processes of an ordinary user: etcd, API server, controller
manager, scheduler, and kubelets over a runtime that runs no container. It needs no root, no Docker and no network, and
leaves nothing behind.`

// Main runs the command line and gives the exit status: 0 done, 1 it went wrong, 2 the words were wrong.
func Main(args []string) int {
	root := &cobra.Command{
		Use:           "blackstart-sandbox",
		Short:         "A real Kubernetes as child processes of an ordinary user",
		Long:          long,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(*cobra.Command, []string) error { return usage("no command given") },
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(upCommand(), downCommand(), reapCommand(), listCommand(), kubeconfigCommand(), versionCommand())
	root.SetArgs(args)
	cmd, err := root.ExecuteC()
	if err == nil {
		return 0
	}
	fmt.Fprintf(os.Stderr, "blackstart-sandbox: %v\n", err)
	if u := (usageError{}); errors.As(err, &u) || unknownCommand(cmd, root) {
		fmt.Fprintf(os.Stderr, "what to do: `%s --help` shows what can be said\n", cmd.CommandPath())
		return 2
	}
	return 1
}

// unknownCommand tells cobra's own complaint about a word that is no command: only then the root is what failed.
func unknownCommand(failed, root *cobra.Command) bool { return failed == root }

func wordCount(from, to int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := cobra.RangeArgs(from, to)(cmd, args); err != nil {
			return usageError{err}
		}
		return nil
	}
}

func addBase(cmd *cobra.Command) *string {
	return cmd.Flags().String("base", store.DefaultBase(), "folder in which sandboxes live, one folder each")
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the versions of this program and of its Kubernetes",
		Example: "  blackstart-sandbox version",
		Args:    wordCount(0, 0),
		Run: func(*cobra.Command, []string) {
			fmt.Printf("blackstart-sandbox %s\nKubernetes %s\n", Version, version.Get().GitVersion)
		},
	}
}
