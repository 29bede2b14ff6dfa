package main

import (
	"cmp"
	"errors"
	"io/fs"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"qlik-provision/provision"
	"qlik-provision/provision/csvfile"
	"qlik-provision/provision/qlik"
	"qlik-provision/report"
	"qlik-provision/report/page"
)

// hintFor says what to do about an error, and what to type then: next, where nothing else is better. It is "" where
// nothing is known of such an error.
func hintFor(err error, next command) string {
	if bad, ok := errors.AsType[*csvfile.Error](err); ok {
		return csvHint(bad, next)
	}
	if exists, ok := errors.AsType[*report.ExistsError](err); ok {
		return existsHint(exists, next)
	}
	if tenant, ok := errors.AsType[*report.TenantError](err); ok {
		own := "--tenant " + tenant.File + " or a context of it"
		if tenant.File == sandboxTenant {
			own = "--sandbox"
		}
		return "a file is of one tenant: go on with " + own + ", or run the export again with another -o"
	}
	if changed, ok := errors.AsType[*report.ChangedError](err); ok {
		return changedHint(changed, next)
	}
	if none, ok := errors.AsType[*report.NotResultsError](err); ok {
		return notResultsHint(none, next)
	}
	if errors.Is(err, report.ErrResultsGiven) && next.name == "create" {
		return next.onResults("retry", next.file).String()
	}
	if folder, ok := errors.AsType[*report.FolderError](err); ok && errors.Is(err, fs.ErrNotExist) {
		return folderHint(filepath.Dir(folder.Path), next)
	}
	if path, ok := errors.AsType[*fs.PathError](err); ok && report.IsInUse(err) {
		return then(path.Path+" is open in another program: close it", next)
	}
	return remedyHint(err, next)
}

// csvHint says how a file can be read that was refused. A flag that decides which persons a file has is never left out
// of it.
func csvHint(bad *csvfile.Error, next command) string {
	fix, option := bad.Fix, string(bad.Fix.Option)
	detected := []csvfile.Option{csvfile.OptionDelimiter, csvfile.OptionEncoding, csvfile.OptionHeaderRow}
	decides := !slices.Contains(detected, fix.Option)
	switch {
	case option == "" && slices.Contains([]string{"retry", "undo", "verify", "report"}, next.name):
		return then("correct that in the result file, or save it as CSV UTF-8 again", next)
	case option == "":
		return then(cmp.Or(bad.Advice, "correct that in the file, or export it again"), next)
	case next.name == "retry" && !next.has(option) && decides:
		return then("restore the header of that column in the file: its rows were derived from it", next)
	case len(bad.Others) > 0:
		var ways []string
		for _, value := range append([]string{fix.Value}, bad.Others...) {
			ways = append(ways, choice("if it is "+quote(value), next.with(option, value)))
		}
		return strings.Join(ways, "\n")
	case fix.Value == "\t":
		return then(bad.Advice, next.with(option, "tab")) // a tab cannot be pasted into a shell
	case fix.Value != "":
		return then(bad.Advice, next.replace(option, fix.Was, fix.Value))
	case decides || !next.has(option):
		return cmp.Or(bad.Advice, "say it") + "; the flag is --" + option
	}
	return then(bad.Advice, next.without(option))
}

// existsHint says how to go on where a result file exists of which rows were sent. next is a command that writes it.
func existsHint(exists *report.ExistsError, next command) string {
	own := choice("to run this export separately", next.with("out", withDate(exists.Path)))
	retry := next.onResults("retry", exists.Path)
	switch {
	case !exists.SameExport || exists.Done == exists.Rows:
		return own
	case exists.SameAction:
		return retry.String()
	}
	return choice("to go on as it began", retry) + "\n" + own
}

// changedHint is for a result file whose persons are no longer what they were.
func changedHint(changed *report.ChangedError, next command) string {
	switch changed.Kind {
	case report.SubjectDamaged:
		return then("copy the columns of the subject from the export into the file, as text", next)
	case report.SubjectChanged:
		return then("restore these cells; to change the subject of a row that is not done, empty its user_subject and check",
			next)
	}
	return choice("if these changes are intended", next.with("yes", ""))
}

// notResultsHint is for what was given as a result file and is none, an export perhaps, or no longer one.
func notResultsHint(none *report.NotResultsError, next command) string {
	if none.Correctable {
		return then("correct that in the file", next)
	}
	// A pattern that is none, for a file with a bracket in its name, finds nothing.
	beside, _ := filepath.Glob(strings.TrimSuffix(none.Path, filepath.Ext(none.Path)) + ".*results.csv")
	if len(beside) > 0 && none.Path == next.file {
		next.file = beside[0]
		return next.String()
	}
	return "a result file is what create or disable wrote; an export is run by create, with -o for another result file"
}

// folderHint is for a result file in a folder that does not exist.
func folderHint(folder string, next command) string {
	word, ok := quoteWord(folder)
	if !ok {
		return then("make the folder", next)
	}
	makeIt := "mkdir -p "
	if runtime.GOOS == "windows" {
		makeIt = "mkdir "
	}
	return "make the folder, and run it again:\n  " + makeIt + word + "\n  " + next.String()
}

// remedyHint is the first remedy that applies, "" where none does.
func remedyHint(err error, next command) string {
	before, instead := remedies()
	applies := func(r remedy) bool { return errors.Is(err, r.about) }
	if i := slices.IndexFunc(before, applies); i >= 0 {
		if errors.Is(err, provision.ErrRolesHidden) {
			next = next.with("allow-admin-roles", "")
		}
		hint := then(before[i].what, next)
		if errors.Is(err, provision.ErrLookups) && (next.name == "retry" || next.name == "create") {
			hint += "\n" + choice("without lookups, an existing user is noticed when the tenant refuses to create it",
				next.with("no-lookup", ""))
		}
		return hint
	}
	if i := slices.IndexFunc(instead, applies); i >= 0 {
		return instead[i].what
	}
	return ""
}

// A remedy says what to do about a kind of error.
type remedy struct {
	about error
	what  string
}

// remedies are what to do before the next command is typed, and what to do instead of it.
func remedies() (before, instead []remedy) {
	const (
		status = "check the tenant's status (status.qlikcloud.com)"
		others = status + " and who else uses this client; --patience waits longer"
		scope  = "allow the client the scope " + qlik.Scope + " (Administration > OAuth), or use an API key of a tenant admin"
		room   = "make room on the disk"
	)
	before = []remedy{
		{provision.ErrScope, scope},
		{qlik.ErrScope, scope},
		{qlik.ErrCredentials, "check the client's ID and secret, or the API key"},
		{qlik.ErrNotTenant, "check the address of the tenant"},
		{provision.ErrUnreachable, "check the address of the tenant, the network and the proxy (HTTPS_PROXY)"},
		{provision.ErrUnreadable, "check address and proxy: what answers is a log-in page of a proxy perhaps"},
		{provision.ErrRefusedAll, "correct what the tenant refuses: see code and message of the failed rows"},
		{provision.ErrRolesHidden, "let the client read roles, or allow any role"},
		{qlik.ErrForbidden, scope},
		{provision.ErrLookups, status},
		{qlik.ErrNotSent, "check the network, the proxy (HTTPS_PROXY) and the tenant's URL; --patience waits longer"},
		{provision.ErrPatience, others},
		{qlik.ErrNoToken, others},
		{qlik.ErrNoAnswer, others},
		{report.ErrInUse, "close it, and take its read-only attribute off"},
		{report.ErrNotReplaced, "close the file in other programs, or " + room},
		{errNotRecorded, room},
		{syscall.ENOSPC, room},
		{report.ErrLocked, "wait for that run to end, or interrupt it"},
		{report.ErrDanglingLink, "name the file itself, or remove the link"},
		{report.ErrNotRegular, "find out what made that file, and remove it"},
	}
	instead = []remedy{
		{provision.ErrRole, "correct --role; a retry has it from its file: run the export again with another -o"},
		{page.ErrNotPage, "name another file with -o"},
		{report.ErrOldResults, "run the export again with another -o: existing users are found by their lookups"},
		{report.ErrStrayJournal, "put the result file back beside the journal; if it is lost, keep the journal: it names " +
			"the users that were created"},
		{report.ErrResultsGiven, "give the export, not a result file"},
		{syscall.ENAMETOOLONG, "give the result file a shorter name, with -o: its journal and temporary files have " +
			"longer ones"},
		{fs.ErrNotExist, "check the name of the file"},
		{syscall.EISDIR, "name the file in it"},
		{fs.ErrPermission, "the file must be readable, and the folder of the result file writable"},
	}
	return before, instead
}

// then joins what to do with the command to type after it.
func then(what string, next command) string {
	if what == "" {
		return next.String()
	}
	return what + ", then:\n  " + next.String()
}

// choice is a command with what it is for.
func choice(purpose string, next command) string { return purpose + ":\n  " + next.String() }
