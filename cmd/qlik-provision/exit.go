package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"qlik-provision/provision"
	"qlik-provision/provision/qlik"
	"qlik-provision/provision/roster"
	"qlik-provision/report"
)

// The exit codes. They are part of the contract: schedulers decide by them.
const (
	exitDone        = 0   // every row is done
	exitRows        = 1   // the run went through; some rows are not done
	exitUsage       = 2   // before any request: wrong usage, configuration or file
	exitRun         = 3   // after the first request, the run could not go on
	exitInterrupted = 130 // as a shell says of a command ended by Ctrl-C
)

// A failure is an end that is not 0: what happened, and what to type next.
type failure struct {
	code    int
	err     error
	hint    string
	summary *summary // what --json printed already, nil where it did not
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// usage is a failure before any request.
func usage(err error, hint string) error { return &failure{code: exitUsage, err: err, hint: hint} }

// failureOf makes a failure of any error. What nobody gave a code arose before the first request.
func failureOf(err error) *failure {
	if err == nil {
		return nil
	}
	if f, ok := errors.AsType[*failure](err); ok {
		return f
	}
	return &failure{code: exitUsage, err: err, hint: "see qlik-provision --help"}
}

// refusal says what is wrong with a file before a run, and what would mend it. given is the command as it was typed.
func (a *app) refusal(err error, given command) error {
	var (
		bad      *roster.Error
		exists   *report.ExistsError
		results  *report.ResultsGivenError
		subjects *report.SubjectsError
		tenant   *report.TenantError
		none     *report.NotResultsError
	)
	switch {
	case errors.As(err, &bad) && len(bad.Flags) > 0:
		return usage(err, given.with(bad.Flags...).String())
	case errors.As(err, &bad):
		return usage(err, cmp.Or(bad.Hint, "mend that in the file, or export it anew, then: "+given.String()))
	case errors.As(err, &exists) && exists.SameExport:
		return usage(err, given.retry(exists.Path).String())
	case errors.As(err, &exists):
		return usage(err, given.with("-o", dated(exists.Path)).String())
	case errors.As(err, &results):
		return usage(err, given.retry(results.Path).String())
	case errors.As(err, &subjects) && len(subjects.Flags) > 0:
		return usage(err, given.with(subjects.Flags...).String())
	case errors.As(err, &subjects) && subjects.Damaged:
		return usage(err, "put the column of the subjects back from the export, as text, then: "+given.String())
	case errors.As(err, &subjects):
		return usage(err, "put the subjects back as they were; to change the subject of a pending row, empty its user_subject")
	case errors.As(err, &tenant) && tenant.Ledger == sandboxTenant:
		return usage(err, given.without("--tenant", "--context", "--client-id", "--client-secret-file").with("--sandbox").String())
	case errors.As(err, &tenant):
		return usage(err, given.without("--tenant", "--context", "--sandbox").with("--tenant", tenant.Ledger).String())
	case errors.As(err, &none) && none.Path == given.words[2] && resultsBeside(none.Path) != "":
		return usage(err, given.on(given.words[1], resultsBeside(none.Path)).String())
	}
	return usage(err, given.hint(err))
}

// resultsBeside is the result file of an export that was named in its place, "" where there is none.
func resultsBeside(export string) string {
	for _, ending := range []string{".results.csv", ".sandbox.results.csv"} {
		path := strings.TrimSuffix(export, filepath.Ext(export)) + ending
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return ""
}

// hint is what to do about an error of a file that no other command would mend.
func (c command) hint(err error) string {
	for _, h := range []struct {
		is   bool
		hint string
	}{
		{is[*report.StrayJournalError](err), "put the result file back beside it; where there is none any more, remove the journal: it names who was created"},
		{is[*report.LockedError](err), "wait for that run to end, or interrupt it"},
		{is[*report.NotResultsError](err), "a result file is what create wrote; to start anew from the export, give create another -o"},
		{is[*report.MergeError](err), "close the file where it is open, make room on the disk, then: " + c.String()},
		{errors.Is(err, syscall.ENOSPC), "make room on the disk, then: " + c.String()},
		{is[*report.NoFolderError](err) && errors.Is(err, fs.ErrNotExist), "make that folder first, or name another one"},
		{errors.Is(err, fs.ErrNotExist), "check the name of the file"},
		{errors.Is(err, fs.ErrPermission), "the file must be readable, and the folder of the result file writable; -o puts the result file elsewhere"},
	} {
		if h.is {
			return h.hint
		}
	}
	return "see " + c.words[0] + " " + c.words[1] + " --help"
}

func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// ended says how a run ended that did not go through. retry is the command that goes on.
func ended(err error, retry string) *failure {
	f := &failure{code: exitRun, err: err, hint: retry}
	because := func(what string) { f.hint = what + ", then: " + retry }
	switch {
	case errors.Is(err, errInterrupted), errors.Is(err, context.Canceled):
		f.code = exitInterrupted
		f.err = errors.New("interrupted; the rows that were not settled are pending")
	case errors.Is(err, provision.ErrScope), errors.Is(err, qlik.ErrScope):
		because(fmt.Sprintf("give the client the scope %s (Administration > OAuth), or an API key of a tenant admin", qlik.Scope))
	case errors.Is(err, qlik.ErrCredentials):
		because("check the client's id and secret, or the API key")
	case errors.Is(err, qlik.ErrNotTenant):
		because("check the address of the tenant")
	case errors.Is(err, provision.ErrUnreachable):
		because("check the address of the tenant, the network and the proxy (HTTPS_PROXY)")
	case errors.Is(err, provision.ErrPatience):
		because("see how the tenant is (status.qlikcloud.com) and who else uses this client; --patience waits longer")
	case errors.Is(err, qlik.ErrNoToken), errors.Is(err, qlik.ErrNoAnswer): // of a plan, which goes no further
		because("check the address of the tenant, the network and the proxy (HTTPS_PROXY), and how the tenant is (status.qlikcloud.com)")
	case errors.Is(err, errNotRecorded):
		because("make room on the disk")
	}
	return f
}

// lastly makes the failure of a result file that could not be replaced at the end.
func lastly(err error, retry string) *failure {
	return &failure{code: exitRun, err: err, hint: "close the file where it is open, make room on the disk, then: " + retry}
}

func plural(n int, one string) string {
	if n == 1 {
		return fmt.Sprintf("%d %s", n, one)
	}
	return fmt.Sprintf("%s %ss", grouped(n), one)
}

// grouped writes 12345 as 12,345.
func grouped(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return strings.TrimPrefix(s, ",")
}
