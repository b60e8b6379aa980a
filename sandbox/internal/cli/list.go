package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"blackstart/sandbox/internal/store"
)

func listCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "Show the sandboxes there are, living and dead",
		Example: "  blackstart-sandbox list\n  blackstart-sandbox list --output json",
		Args:    wordCount(0, 0),
	}
	base := addBase(cmd)
	output := cmd.Flags().StringP("output", "o", "text", "text or json")
	cmd.RunE = func(*cobra.Command, []string) error {
		if *output != "text" && *output != "json" {
			return usage("--output %q is not known; use text or json", *output)
		}
		entries, err := store.List(*base)
		if err != nil {
			return err
		}
		if *output == "json" {
			return listJSON(entries)
		}
		return listText(entries, *base)
	}
	return cmd
}

func listJSON(entries []*store.Entry) error {
	type shown struct {
		*store.Entry
		Pid      int               `json:"pid"`
		Keep     bool              `json:"keep"`
		Deadline *time.Time        `json:"deadline"`
		Labels   map[string]string `json:"labels"`
	}
	all := make([]shown, 0, len(entries))
	for _, e := range entries {
		s := shown{Entry: e}
		if r := e.Record; r != nil {
			s.Pid, s.Keep, s.Deadline, s.Labels = r.Pid, r.Keep, r.Deadline, r.Labels
		}
		all = append(all, s)
	}
	raw, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	return stdoutLine(append(raw, '\n'))
}

func listText(entries []*store.Entry, base string) error {
	if len(entries) == 0 {
		fmt.Fprintf(os.Stderr, "no sandbox in %s\n", base)
		return nil
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tSTATE\tENDS\tFOLDER")
	for _, e := range entries {
		ends := "with its parent"
		switch r := e.Record; {
		case e.State == store.Dead:
			ends = "-"
		case r != nil && r.Deadline != nil:
			ends = "in " + time.Until(*r.Deadline).Round(time.Second).String()
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", e.Name, e.State, ends, e.Dir)
	}
	return w.Flush()
}

func kubeconfigCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "kubeconfig [NAME|DIR]",
		Short:   "Print the path of a sandbox's kubeconfig",
		Long:    "Prints the path of a sandbox's kubeconfig: the path and not the file, because the file holds a key.",
		Example: "  export KUBECONFIG=$(blackstart-sandbox kubeconfig try)",
		Args:    wordCount(0, 1),
	}
	base := addBase(cmd)
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		entries, err := choose(*base, args, false)
		if err != nil {
			return err
		}
		e := entries[0]
		if e.State != store.Running || e.Line == nil {
			return fmt.Errorf("sandbox %s is %s, not running", e.Name, e.State)
		}
		fmt.Println(e.Line.Kubeconfig)
		return nil
	}
	return cmd
}
