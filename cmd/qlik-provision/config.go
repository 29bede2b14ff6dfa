package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"qlik-provision/provision"
	"qlik-provision/provision/qlik"
	"qlik-provision/provision/roster"
	"qlik-provision/provision/sandbox"
	"qlik-provision/report"
)

// A config is what the flags of a command, environment and context come to; the steps of the command are its methods.
// It is made by configure and by nothing else.
type config struct {
	*app
	flags
	tenant qlik.Tenant // not set with --offline
	creds  qlik.Credentials

	ledgerOptions report.Options
	inMemory      *sandbox.Tenant // of --sandbox
	requests      *requestLog     // of --log, when the paths were checked
}

// configure makes a config of the flags, the environment and the context. An error says which of them is wrong.
func (a *app) configure(cmd *cobra.Command, f flags) (*config, error) {
	c := &config{app: a, flags: f}
	c.readOptions.LooksLikeHeader, c.readOptions.Block = roster.LooksLikeHeader, report.Columns()
	if err := checkExclusive(cmd); err != nil {
		return nil, err
	}
	if err := c.chooseTenant(cmd.Context()); err != nil {
		return nil, err
	}
	c.ledgerOptions = report.Options{Tenant: c.tenantName(), Overwrite: c.overwrite, Notify: c.note}
	return c, nil
}

// checkExclusive is a usage error where two flags exclude each other.
func checkExclusive(cmd *cobra.Command) error {
	for _, flags := range [][]string{ // the first excludes each of the others
		{"context", "sandbox", "tenant", "client-id", "client-secret-file", "client-secret-command"},
		{"sandbox", "tenant", "client-id", "client-secret-file", "client-secret-command"},
		{"client-secret-file", "client-secret-command"},
		{"no-lookup", "max", "update", "dry-run"},
	} {
		for _, other := range flags[1:] {
			if cmd.Flags().Changed(flags[0]) && cmd.Flags().Changed(other) {
				return usage(fmt.Errorf("--%s and --%s exclude each other", flags[0], other), "leave one of them out")
			}
		}
	}
	return nil
}

// note prints a line that is worth knowing, except with --quiet.
func (c *config) note(line string) {
	if !c.quiet {
		c.out.note(line)
	}
}

// useAction makes the options of a run those of an action.
func (c *config) useAction(a report.Action) {
	tasks := map[string]provision.Task{"create": provision.Create, "disable": provision.Disable}
	c.runOptions.Task = tasks[a.Command]
	c.runOptions.Status, c.runOptions.EveryonesRoles = a.Status, a.EveryonesRoles
	updates := func(field string) bool { return slices.Contains(a.Update, field) }
	c.runOptions.Update = provision.Update{Name: updates("name"), Roles: updates("roles"), Status: updates("status")}
}

// checkValues is a usage error where a flag was given a value that it cannot have. A line to complete is not checked; a
// shell shows what flags mean as it is, so the back-quotes around the names of values go.
func (a *app) checkValues(cmd *cobra.Command, _ []string) error {
	if cmd.Name() == cobra.ShellCompRequestCmd {
		for _, other := range cmd.Root().Commands() {
			other.Flags().VisitAll(func(f *pflag.Flag) { f.Usage = strings.ReplaceAll(f.Usage, "`", "") })
		}
		return nil
	}
	for _, typed := range a.given.flags {
		f := cmd.Flags().Lookup(typed.name)
		if f.Value.Type() == "bool" {
			continue
		}
		if why := wrongValue(f, typed.value); why != "" {
			return usage(fmt.Errorf("invalid argument %q for %q flag: %s", typed.value, "--"+f.Name, why), "")
		}
	}
	return nil
}

// wrongValue says why a flag cannot have a value of its type, "" where it can.
func wrongValue(f *pflag.Flag, value string) string {
	kind, _ := pflag.UnquoteUsage(f)
	number := f.Value.Type() == "int" || f.Value.Type() == "duration"
	workers, _ := strconv.Atoi(f.Value.String())
	words, parts := choices()[kind], []string{value}
	if f.Value.Type() == "stringSlice" {
		parts = strings.Split(value, ",")
	}
	switch {
	case value == "": // a variable that is not set leaves it behind
		return "give it a value, or leave it out"
	case kind != "COMMAND" && len(value) > 1 && value[0] == '\'' && value[len(value)-1] == '\'':
		return `this shell does not remove single quotes, use double ones: "` + value[1:len(value)-1] + `"`
	case number && strings.ContainsAny(f.Value.String()[:1], "-0"): // half a second is 500ms there
		return "must be more than 0"
	case f.Name == "workers" && workers > 1000:
		return "must be at most 1000"
	case words != nil && slices.ContainsFunc(parts, func(p string) bool { return !slices.Contains(words, p) }):
		return "must be one of " + strings.Join(words, ", ")
	case f.Name != "out":
		return ""
	case value == "-":
		return "name a file: it is not written to standard output"
	}
	if info, err := os.Stat(value); err == nil && info.IsDir() || os.IsPathSeparator(value[len(value)-1]) {
		return "it is a folder: name the file in it"
	}
	return ""
}

// A namedPath is a file of a run with the part it has in it. An empty path is no file.
type namedPath struct{ name, path string }

// preparePaths fails where two of a run's files are one, and opens the log: nothing is begun where that fails.
// results is the result file, which has names beside it that runs use.
func (c *config) preparePaths(results string, others ...namedPath) error {
	var files []namedPath
	if results != "" {
		files = []namedPath{
			{"the result file", results}, {"the journal", results + ".journal"}, {"the lock", results + ".lock"},
			{"the unfinished result file", results + ".unfinished"},
		}
	}
	files = append(append(files, others...), namedPath{"the log", c.log}, namedPath{"the secret file", c.secretFile})
	for i, a := range files {
		for _, b := range files[:i] {
			if a.path != "" && b.path != "" && sameFile(a.path, b.path) {
				return usage(fmt.Errorf("%s and %s are the same file: %s", b.name, a.name, a.path),
					"use a different file for each")
			}
		}
	}
	if c.log == "" {
		return nil
	}
	file, err := os.OpenFile(c.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return usage(fmt.Errorf("opening the log: %w", err), "give --log a file that can be written")
	}
	c.requests = &requestLog{file: file}
	return nil
}

// sameFile reports whether two names are those of one file, which may not exist yet.
func sameFile(a, b string) bool {
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	if errA != nil && errB != nil {
		if !strings.EqualFold(filepath.Base(a), filepath.Base(b)) { // some file systems do not tell case apart
			return false
		}
		infoA, errA = os.Stat(filepath.Dir(a))
		infoB, errB = os.Stat(filepath.Dir(b))
	}
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
}

// isStdin reports whether an export is standard input, or another pipe: it has no name to make one of.
func isStdin(export string) bool {
	info, err := os.Stat(export)
	return export == "-" || export == "/dev/stdin" || err == nil && !info.Mode().IsRegular() && !info.IsDir()
}

// withDate puts date and time into a file's name, in the place of earlier ones: hr.results.csv →
// hr.2026-03-02-150405.results.csv.
func withDate(path string) string {
	dir, name := filepath.Split(path)
	stem, ending, _ := strings.Cut(name, ".")
	ending = regexp.MustCompile(`^20[-0-9]+\.`).ReplaceAllString(ending, "")
	return dir + strings.TrimSuffix(stem+"."+time.Now().Format("2006-01-02-150405")+"."+ending, ".")
}
