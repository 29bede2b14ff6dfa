package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"qlik-provision/report"
	"qlik-provision/report/page"
)

func (a *app) reportCommand() *cobra.Command {
	f := flags{offline: true} // it contacts nobody
	var open bool
	cmd := &cobra.Command{
		Use:   "report RESULTS",
		Short: "Write a result file as a web page",
		Long: `report writes one web page for a result file: how many rows have each outcome, when they were finished,
and which rows are not done and why. The page needs no network and loads nothing. It can be written while
a run is in progress. Like the result file it holds personal data.`,
		Example: `  qlik-provision report hr.results.csv
  qlik-provision report hr.results.csv -o for-hr.html --open`,
		Annotations: map[string]string{"0": "the page is written", "2": "it could not be written"},
	}
	fs := cmd.Flags()
	fs.StringVarP(&f.outFile, "out", "o", "", "`FILE` of the page (default: hr.results.html beside hr.results.csv)")
	fs.BoolVar(&open, "open", false, "open the page in the browser")
	a.onFile(cmd, &f, "result file", func(c *config, ctx context.Context, path string) error {
		out := filepath.Clean(cmp.Or(c.outFile, strings.TrimSuffix(path, ".csv")+".html"))
		if err := c.preparePaths(path, namedPath{"the page", out}); err != nil {
			return err
		}
		results, err := c.readResults(path)
		if err != nil {
			return err
		}
		if err := page.Save(out, results); err != nil {
			return err
		}
		c.note("page: " + out)
		if open {
			c.openPage(ctx, out)
		}
		return nil
	},
		f.readFlags)
	return cmd
}

// readResults reads a result file that no run works on, and says what is worth knowing of it.
func (c *config) readResults(path string) (*report.ResultFile, error) {
	results, err := report.Read(path, c.readOptions)
	if err != nil {
		return nil, err
	}
	for _, warning := range results.Warnings {
		c.note("warning: " + warning)
	}
	return results, nil
}

// openPage opens a page in the browser, without our secrets in its environment. Where that fails it says so, and it
// is no failure: the page is written.
func (c *config) openPage(ctx context.Context, path string) {
	abs, _ := filepath.Abs(path) // without a working folder nothing is opened, and that is said
	opener, args := "xdg-open", []string{abs}
	switch runtime.GOOS {
	case "windows": // unlike start, this takes & and % in a name as they are
		opener, args = "rundll32", []string{"url.dll,FileProtocolHandler", abs}
	case "darwin":
		opener = "open"
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second) // some stay for as long as the browser does
	defer cancel()
	cmd := exec.CommandContext(ctx, opener, args...)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return strings.HasPrefix(strings.ToUpper(name), "QLIK_")
	})
	if err := cmd.Run(); err != nil && ctx.Err() == nil {
		c.note(fmt.Sprintf("not opened: %s: %v; open %s in a browser", opener, err, path))
	}
}
