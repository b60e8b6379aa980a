package cli

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"blackstart/sandbox/internal/store"
)

func downCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "down [NAME|DIR]",
		Short: "End a sandbox and remove what it left",
		Long: `Ends a sandbox and returns when none of its processes is left and its folder is gone. Without a name, the only
sandbox there is; with --all, every one of yours, dead ones too. Only processes that carry the sandbox's own mark are ended.`,
		Example: "  blackstart-sandbox down try\n  blackstart-sandbox down /run/user/1000/blackstart-sandbox/try\n  blackstart-sandbox down --all",
		Args:    wordCount(0, 1),
	}
	base := addBase(cmd)
	all := cmd.Flags().Bool("all", false, "end every sandbox in the base folder")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		if *all == (len(args) == 1) && *all {
			return usage("a name and --all exclude each other")
		}
		entries, err := choose(*base, args, *all)
		if err != nil {
			return err
		}
		return endEach(entries)
	}
	return cmd
}

// choose finds the sandboxes that are meant.
func choose(base string, args []string, all bool) ([]*store.Entry, error) {
	if len(args) == 1 {
		e, err := store.Find(base, args[0])
		if err != nil {
			return nil, err
		}
		return []*store.Entry{e}, nil
	}
	entries, err := store.List(base)
	if err != nil || all {
		return entries, err
	}
	switch len(entries) {
	case 0:
		return nil, fmt.Errorf("no sandbox in %s", base)
	case 1:
		return entries, nil
	default:
		return nil, usage("%d sandboxes in %s; name one or say --all", len(entries), base)
	}
}

func reapCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "reap",
		Short:   "Remove what dead sandboxes left",
		Long:    "Removes the folders of sandboxes whose supervisor is gone, with every process that still carries their mark. Living sandboxes are left alone.",
		Example: "  blackstart-sandbox reap",
		Args:    wordCount(0, 0),
	}
	base := addBase(cmd)
	cmd.RunE = func(*cobra.Command, []string) error {
		entries, err := store.List(*base)
		if err != nil {
			return err
		}
		var dead []*store.Entry
		for _, e := range entries {
			if e.State == store.Dead {
				dead = append(dead, e)
			}
		}
		return endEach(dead)
	}
	return cmd
}

func endEach(entries []*store.Entry) error {
	var errs []error
	for _, e := range entries {
		if err := store.End(e); err != nil {
			errs = append(errs, err)
			continue
		}
		fmt.Fprintf(os.Stdout, "%s ended (it was %s)\n", e.Name, e.State)
	}
	return errors.Join(errs...)
}
