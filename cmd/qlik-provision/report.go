package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"qlik-provision/provision/roster"
	"qlik-provision/report"
)

func (a *app) reportCommand() *cobra.Command {
	var out string
	var open bool
	cmd := &cobra.Command{
		Use:   "report RESULTS",
		Short: "Show a result file as a web page",
		Long: `report makes one web page of a result file: how many rows there are of each outcome, when they were settled, and which rows are not done and why. The
page needs no network and loads nothing. It can be made while a run is on. It holds personal data, as the result file does.`,
		Example: `  qlik-provision report hr.results.csv
  qlik-provision report hr.results.csv -o for-hr.html --open`,
		Args:              oneFile("result file"),
		ValidArgsFunction: completeFiles("csv"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("out") && (out == "" || out == "-") {
				return usage(errors.New("-o needs the name of a file"), "see "+cmd.CommandPath()+" --help")
			}
			if out == "" {
				out = pageOf(args[0])
			}
			if err := distinct([]namedPath{{"the result file", args[0]}, {"the page", out}}); err != nil {
				return err
			}
			if err := report.SavePage(out, args[0]); err != nil {
				return a.noPage(err, a.given(cmd, args[0]))
			}
			a.ui.say("the page is %s", out)
			if open {
				a.show(cmd.Context(), out)
			}
			return nil
		},
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	fs.StringVarP(&out, "out", "o", "", "the page's `FILE` (default hr.results.csv → hr.results.html beside it)")
	fs.BoolVar(&open, "open", false, "open the page in the browser")
	return cmd
}

// pageOf is the name of a result file's page.
func pageOf(results string) string {
	if ext := filepath.Ext(results); strings.EqualFold(ext, ".csv") {
		results = strings.TrimSuffix(results, ext)
	}
	return results + ".html"
}

// noPage says why there is no page, and what would mend it. given is the command as it was typed.
func (a *app) noPage(err error, given command) error {
	if e, ok := errors.AsType[*report.NotPageError](err); ok {
		return usage(err, given.with("-o", dated(e.Path)).String())
	}
	if e, ok := errors.AsType[*roster.Error](err); ok && len(e.Flags) > 0 {
		// Those are flags of the commands that run a result file; a page is made of one as it stands.
		return usage(err, "save the result file as CSV UTF-8 again")
	}
	return a.refusal(err, given)
}

// openerPatience is how long an opener may take to say that it failed. Some stay for as long as the browser does.
const openerPatience = 5 * time.Second

// show opens a page in the browser. That nothing can is said, and no failure: the page is there.
func (a *app) show(ctx context.Context, page string) {
	abs, err := filepath.Abs(page)
	if err != nil {
		abs = page
	}
	opener := openerOf(runtime.GOOS)
	ctx, cancel := context.WithTimeout(ctx, openerPatience)
	defer cancel()
	err = exec.CommandContext(ctx, opener[0], append(opener[1:], abs)...).Run()
	switch {
	case errors.Is(err, exec.ErrNotFound):
		a.ui.say("not opened: there is no %s here; open %s in a browser", opener[0], abs)
	case err != nil && ctx.Err() == nil:
		a.ui.say("not opened: %s", fmt.Errorf("%s: %w", opener[0], err))
	}
}

// openerOf is the command that opens a file with the program that the user has for it.
func openerOf(system string) []string {
	switch system {
	case "windows":
		return []string{"rundll32", "url.dll,FileProtocolHandler"} // unlike start, it takes & and % in a name as they are
	case "darwin":
		return []string{"open"}
	}
	return []string{"xdg-open"}
}
