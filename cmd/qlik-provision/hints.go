package main

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"qlik-provision/provision"
	"qlik-provision/provision/csvfile"
	"qlik-provision/provision/qlik"
	"qlik-provision/report"
)

// The exit codes. They are part of the contract: schedulers decide by them.
const (
	exitDone        = 0   // every row is done
	exitRows        = 1   // the run finished; some rows are not done
	exitUsage       = 2   // before any request: wrong usage, configuration or file
	exitRun         = 3   // after the first request the run could not go on
	exitInterrupted = 130 // as a shell says of a command ended by Ctrl-C
)

// A failure is an end that is not 0: what happened, and what to type next. In a hint every command stands on a
// line of its own.
type failure struct {
	code    int
	err     error
	hint    string
	printed bool // --json printed it already
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// usage is a failure before any request.
func usage(err error, hint string) error { return &failure{code: exitUsage, err: err, hint: hint} }

// failureOf makes a failure of any error. What nobody gave a code arose before the first request, unless
// contacted is true.
func failureOf(err error, contacted bool) *failure {
	if err == nil {
		return nil
	}
	if f, ok := errors.AsType[*failure](err); ok {
		if error(f) == err { //nolint:errorlint // a failure that was wrapped or joined has more to say
			return f
		}
		return &failure{code: f.code, err: err, hint: f.hint, printed: f.printed}
	}
	code := exitUsage
	if contacted {
		code = exitRun
	}
	return &failure{code: code, err: err, hint: "see qlik-provision --help"}
}

// then joins what to do with the command to type after it.
func then(what string, next command) string {
	if what == "" {
		return next.String()
	}
	return what + ", then:\n  " + next.String()
}

// refusal says what is wrong with a file before a run, and what corrects it. given is the command as it was typed.
func refusal(err error, given command) error {
	switch {
	case err == nil:
		return nil
	case is[*failure](err):
		return err
	case errors.Is(err, errInterrupted):
		return &failure{code: exitInterrupted, err: errors.New("interrupted; nothing was sent"), hint: given.String()}
	}
	if bad, ok := errors.AsType[*csvfile.Error](err); ok {
		return usage(err, fileHint(bad, given))
	}
	return usage(err, resultsHint(err, given))
}

// fileHint says how a file can be read that was refused.
func fileHint(bad *csvfile.Error, given command) string {
	fix := bad.Fix
	option := string(fix.Option)
	switch {
	case fix.Option == "":
		return then(cmp.Or(bad.Advice, "correct that in the file, or export it again"), given)
	case given.name == "retry" && !given.has(option) && decidesPersons(fix.Option):
		return then("restore the header of that column in the file: its rows were derived from it", given)
	case fix.Value != "":
		fixed := given.with(option, fix.Value)
		if fix.Was != "" {
			fixed = given.replace(option, fix.Was, fix.Value)
		}
		return then(bad.Advice, fixed)
	case decidesPersons(fix.Option):
		// Without the flag the command would be about other people.
		return cmp.Or(bad.Advice, "correct --"+option)
	case given.has(option):
		return then(bad.Advice, given.without(option))
	}
	return cmp.Or(bad.Advice, "say it with --"+option)
}

// decidesPersons reports whether an option decides which persons a file has: such a flag is never left out of a hint.
func decidesPersons(option csvfile.Option) bool {
	switch option {
	case csvfile.OptionDelimiter, csvfile.OptionEncoding, csvfile.OptionHeaderRow:
		return false
	}
	return true
}

// resultsHint says what to do about a result file.
func resultsHint(err error, given command) string {
	if exists, ok := errors.AsType[*report.ExistsError](err); ok {
		return existsHint(exists, given)
	}
	if errors.Is(err, report.ErrResultsGiven) {
		return givenResultsHint(given)
	}
	if tenant, ok := errors.AsType[*report.TenantError](err); ok {
		return tenantHint(tenant, given)
	}
	if changed, ok := errors.AsType[*report.ChangedError](err); ok {
		return changedHint(changed.Kind, given)
	}
	none, ok := errors.AsType[*report.NotResultsError](err)
	if ok && none.Correctable {
		return then("correct that in the file; a person who was added is put into an export instead", given)
	}
	if ok && none.Path == given.file {
		if beside := resultsBeside(none.Path); beside != "" {
			return given.on(given.name, beside).String()
		}
	}
	return otherHint(err, given)
}

// changedHint is for persons that are no longer what they were.
func changedHint(kind report.ChangeKind, given command) string {
	switch kind {
	case report.SubjectDamaged:
		return then("copy the columns of the subject from the export into the file, as text", given)
	case report.SubjectChanged:
		return then("restore these cells; to change the subject of a row that is not done, empty its user_subject and check",
			given)
	}
	return then("if these changes are intended", given.switched("yes"))
}

// tenantHint is for a result file of another tenant than the run's.
func tenantHint(tenant *report.TenantError, given command) string {
	const what = "a file is of one tenant; for another one run the export again with another -o; to go on with this one"
	switch {
	case tenant.File == sandboxTenant:
		return then(what, given.without("tenant", "context", "client-id", "client-secret-file", "client-secret-command").
			switched("sandbox"))
	case given.has("context"):
		return what + ", name the context of " + tenant.File
	}
	return then(what, given.without("sandbox").with("tenant", tenant.File))
}

// existsHint says how to go on where a result file exists of which rows were sent.
func existsHint(exists *report.ExistsError, given command) string {
	own := given.with("out", dated(exists.Path))
	switch {
	case exists.SameExport && exists.Done < exists.Rows && exists.SameAction:
		return given.after("retry", exists.Path).String()
	case exists.SameExport && exists.SameAction:
		return then("every row is done; to look everybody up again", own)
	case exists.SameExport:
		return then("to go on as it began", given.after("retry", exists.Path)) +
			"\nto run this export separately:\n  " + own.String()
	}
	return then("to run this export separately", own)
}

// givenResultsHint is for a result file that was given as an export: never a command that writes more than was meant.
func givenResultsHint(given command) string {
	path := given.file
	switch given.name {
	case "disable":
		return "give the export of the leavers; what a run of this file created is deleted by undo:\n  " +
			given.after("undo", path).switched("dry-run").String()
	case "plan":
		return then("give the export; to compare this file with the tenant", given.after("verify", path))
	}
	return given.after("retry", path).String()
}

// resultsBeside is the result file of an export that was named in its place, "" where there is none.
func resultsBeside(export string) string {
	stem := strings.TrimSuffix(export, filepath.Ext(export))
	for _, ending := range []string{".results.csv", ".sandbox.results.csv", ".disable.results.csv"} {
		if _, err := os.Stat(stem + ending); err == nil {
			return stem + ending
		}
	}
	return ""
}

// otherHint is for an error of a file that no other command corrects.
func otherHint(err error, given command) string {
	folder, _ := errors.AsType[*report.FolderError](err)
	file, _ := errors.AsType[*fs.PathError](err)
	switch {
	case folder != nil && errors.Is(err, fs.ErrNotExist):
		what := "make the folder"
		if word, ok := quoteWord(filepath.Dir(folder.Path)); ok {
			what += ": " + makeFolder + word
		}
		return then(what, given)
	case errors.Is(err, report.ErrStrayJournal):
		return "put the result file back beside the journal; if it is lost, keep the journal: it names the users " +
			"that were created"
	case errors.Is(err, report.ErrLocked):
		return "wait for that run to end, or interrupt it"
	case errors.Is(err, report.ErrOldResults):
		return "run the export again with another -o: existing users are found by their lookups"
	case errors.Is(err, report.ErrDanglingLink):
		return then("name the file itself, or remove the link", given)
	case file != nil && errors.Is(err, report.ErrNotRegular):
		return then("find out what made "+file.Path+", and remove it", given)
	case is[*report.NotResultsError](err):
		return "a result file is what create or disable wrote; an export is run by create, with -o for another result file"
	case inUse(err) != "":
		return then(inUse(err)+" is open in another program: close it", given)
	case errors.Is(err, report.ErrReadOnly):
		return then("take the read-only attribute off the file", given)
	case errors.Is(err, report.ErrNotReplaced):
		return then("close the file in other programs, or make room on the disk", given)
	case errors.Is(err, syscall.ENOSPC):
		return then("make room on the disk", given)
	case errors.Is(err, syscall.ENAMETOOLONG):
		return "use a shorter file name: the journal's and the temporary file's names are longer than the result file's"
	case errors.Is(err, fs.ErrNotExist):
		return "check the name of the file"
	case errors.Is(err, fs.ErrPermission) && (given.has("out") || given.name == "create"):
		return "the file must be readable, and the folder of the result file writable; -o writes the result file elsewhere"
	case errors.Is(err, fs.ErrPermission):
		return "the file must be readable, and its folder writable"
	}
	return "see " + given.program + " " + given.name + " --help"
}

// inUse is the file that another program keeps open, "" where that is not what err is about.
func inUse(err error) string {
	if path, ok := errors.AsType[*fs.PathError](err); ok && isSharing(err) {
		return path.Path
	}
	return ""
}

// is reports whether an error of type E is in err's chain.
func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

const scopeAdvice = "allow the client the scope " + qlik.Scope +
	" (Administration > OAuth), or use an API key of a tenant admin"

// ended says how a run ended that could not go on, with every error of its end. next is the command that goes on.
func ended(err error, next command) *failure {
	f := &failure{code: exitRun, err: err}
	dns, _ := errors.AsType[*net.DNSError](err)
	var what string
	switch {
	case is[*failure](err):
		return failureOf(err, true)
	case errors.Is(err, errInterrupted), errors.Is(err, context.Canceled):
		f.code = exitInterrupted
		rest := except(except(err, errInterrupted), context.Canceled)
		f.err = errors.Join(errors.New("interrupted; the rows that were not settled are pending"), rest)
	case errors.Is(err, provision.ErrScope), errors.Is(err, qlik.ErrScope):
		what = scopeAdvice
	case errors.Is(err, qlik.ErrCredentials):
		what = "check the client's ID and secret, or the API key"
	case errors.Is(err, qlik.ErrNotTenant):
		what = "check the address of the tenant"
	case dns != nil && dns.IsNotFound:
		what = "check the address of the tenant: no such host"
	case errors.Is(err, provision.ErrUnreachable):
		what = "check the address of the tenant, the network and the proxy (HTTPS_PROXY)"
	case errors.Is(err, provision.ErrRole):
		f.hint = "correct --role in the command, and run it again: nothing was sent"
		return f
	case errors.Is(err, provision.ErrUnreadable):
		what = "something else answers in the place of the tenant, a log-in page of a proxy perhaps: check address and proxy"
	case errors.Is(err, provision.ErrRefusedAll):
		what = "correct what the tenant refuses: see code and message of the failed rows; retry starts with rows that " +
			"were never tried"
	case errors.Is(err, provision.ErrLookups):
		f.hint = lookupHint(err, next)
		return f
	case errors.Is(err, provision.ErrRolesHidden):
		what = "let the client read roles, or allow any role"
		next = next.switched("allow-admin-roles")
	case errors.Is(err, qlik.ErrNotSent):
		what = "check the network, the proxy (HTTPS_PROXY) and the tenant's URL; --patience waits longer"
	case errors.Is(err, provision.ErrPatience), errors.Is(err, qlik.ErrNoToken), errors.Is(err, qlik.ErrNoAnswer):
		what = "check the tenant's status (status.qlikcloud.com) and who else uses this client; --patience waits longer"
	case errors.Is(err, errNotRecorded), errors.Is(err, syscall.ENOSPC):
		what = "make room on the disk"
	}
	f.hint = then(what, next)
	return f
}

// lookupHint is for a run whose lookups were not answered.
func lookupHint(err error, next command) string {
	what := "check the tenant's status (status.qlikcloud.com)"
	if errors.Is(err, qlik.ErrForbidden) {
		what = scopeAdvice
	}
	hint := then(what, next)
	if next.name == "retry" || next.name == "create" {
		hint += "\nwithout lookups, an existing user is noticed when the tenant refuses to create it:\n  " +
			next.switched("no-lookup").String()
	}
	return hint
}
