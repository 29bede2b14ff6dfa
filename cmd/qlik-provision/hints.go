package main

import (
	"cmp"
	"errors"
	"io/fs"
	"path/filepath"
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
		return tenantHint(tenant)
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
	return cmp.Or(pathHint(err, next), remedyHint(err, next))
}

// csvHint says how a file can be read that was refused. A flag that decides which persons a file has is never left out
// of it.
func csvHint(bad *csvfile.Error, given command) string {
	fix, option := bad.Fix, string(bad.Fix.Option)
	detected := []csvfile.Option{csvfile.OptionDelimiter, csvfile.OptionEncoding, csvfile.OptionHeaderRow}
	decides := !slices.Contains(detected, fix.Option)
	switch {
	case option == "" && slices.Contains([]string{"retry", "undo", "verify", "report"}, given.name):
		return then("correct that in the result file, or save it as CSV UTF-8 again", given)
	case option == "":
		return then(cmp.Or(bad.Advice, "correct that in the file, or export it again"), given)
	case given.name == "retry" && !given.has(option) && decides:
		return then("restore the header of that column in the file: its rows were derived from it", given)
	case len(bad.Others) > 0:
		var choices []string
		for _, value := range append([]string{fix.Value}, bad.Others...) {
			choices = append(choices, choice("if it is "+quote(value), given.with(option, value)))
		}
		return strings.Join(choices, "\n")
	case fix.Value == "\t":
		return then(bad.Advice, given.with(option, "tab")) // a tab cannot be pasted into a shell
	case fix.Value != "" && fix.Was != "":
		return then(bad.Advice, given.replace(option, fix.Was, fix.Value))
	case fix.Value != "":
		return then(bad.Advice, given.with(option, fix.Value))
	case decides || !given.has(option):
		return cmp.Or(bad.Advice, "say it") + "; the flag is --" + option
	}
	return then(bad.Advice, given.without(option))
}

// existsHint says how to go on where a result file exists of which rows were sent. given is a command that writes it.
func existsHint(exists *report.ExistsError, given command) string {
	own := choice("to run this export separately", given.with("out", withDate(exists.Path)))
	retry := given.onResults("retry", exists.Path)
	switch {
	case !exists.SameExport || exists.Done == exists.Rows:
		return own
	case exists.SameAction:
		return retry.String()
	}
	return choice("to go on as it began", retry) + "\n" + own
}

// tenantHint is for a result file of another tenant than the run's.
func tenantHint(tenant *report.TenantError) string {
	own := "--tenant " + tenant.File + " or a context of it"
	if tenant.File == sandboxTenant {
		own = "--sandbox"
	}
	return "a file is of one tenant: go on with " + own + ", or run the export again with another -o"
}

// changedHint is for a result file whose persons are no longer what they were.
func changedHint(changed *report.ChangedError, given command) string {
	switch changed.Kind {
	case report.SubjectDamaged:
		return then("copy the columns of the subject from the export into the file, as text", given)
	case report.SubjectChanged:
		return then("restore these cells; to change the subject of a row that is not done, empty its user_subject and check",
			given)
	}
	return choice("if these changes are intended", given.withSwitch("yes"))
}

// notResultsHint is for what was given as a result file and is none, an export perhaps, or no longer one.
func notResultsHint(none *report.NotResultsError, given command) string {
	if none.Correctable {
		return then("correct that in the file", given)
	}
	// A pattern that is none, for a file with a bracket in its name, finds nothing.
	beside, _ := filepath.Glob(strings.TrimSuffix(none.Path, filepath.Ext(none.Path)) + ".*results.csv")
	if len(beside) > 0 && none.Path == given.file {
		given.file = beside[0]
		return given.String()
	}
	return "a result file is what create or disable wrote; an export is run by create, with -o for another result file"
}

// pathHint is for a name that leads to no file, or to one that is in use; "" where that is not what err is.
func pathHint(err error, given command) string {
	if folder, ok := errors.AsType[*report.FolderError](err); ok && errors.Is(err, fs.ErrNotExist) {
		if word, ok := quoteWord(filepath.Dir(folder.Path)); ok {
			return "make the folder, and run it again:\n  " + makeFolder + word + "\n  " + given.String()
		}
		return then("make the folder", given)
	}
	if path, ok := errors.AsType[*fs.PathError](err); ok && report.IsInUse(err) {
		return then(path.Path+" is open in another program: close it", given)
	}
	return ""
}

// remedyHint is the first remedy that applies, "" where none does.
func remedyHint(err error, next command) string {
	if errors.Is(err, provision.ErrRolesHidden) {
		next = next.withSwitch("allow-admin-roles")
	}
	for _, r := range remedies() {
		switch {
		case !errors.Is(err, r.about):
		case r.alone:
			return r.what
		case errors.Is(err, provision.ErrLookups) && (next.name == "retry" || next.name == "create"):
			return then(r.what, next) + "\n" +
				choice("without lookups, an existing user is noticed when the tenant refuses to create it",
					next.withSwitch("no-lookup"))
		default:
			return then(r.what, next)
		}
	}
	return ""
}

// A remedy says what to do about a kind of error before the next command is typed, or, where it stands alone, instead.
type remedy struct {
	about error
	what  string
	alone bool
}

func remedies() []remedy {
	const (
		status = "check the tenant's status (status.qlikcloud.com)"
		others = status + " and who else uses this client; --patience waits longer"
		scope  = "allow the client the scope " + qlik.Scope + " (Administration > OAuth), or use an API key of a tenant admin"
		room   = "make room on the disk"
	)
	return []remedy{
		{about: provision.ErrScope, what: scope},
		{about: qlik.ErrScope, what: scope},
		{about: qlik.ErrCredentials, what: "check the client's ID and secret, or the API key"},
		{about: qlik.ErrNotTenant, what: "check the address of the tenant"},
		{about: provision.ErrUnreachable, what: "check the address of the tenant, the network and the proxy (HTTPS_PROXY)"},
		{about: provision.ErrUnreadable, what: "something else answers in the place of the tenant, a log-in page of a " +
			"proxy perhaps: check address and proxy"},
		{about: provision.ErrRefusedAll, what: "correct what the tenant refuses: see code and message of the failed rows; " +
			"retry starts with rows that were never tried"},
		{about: provision.ErrRole, alone: true, what: "correct --role and run it again; a retry has it from its file: run " +
			"the export again with another -o"},
		{about: provision.ErrRolesHidden, what: "let the client read roles, or allow any role"},
		{about: qlik.ErrForbidden, what: scope},
		{about: provision.ErrLookups, what: status},
		{about: qlik.ErrNotSent, what: "check the network, the proxy (HTTPS_PROXY) and the tenant's URL; " +
			"--patience waits longer"},
		{about: provision.ErrPatience, what: others},
		{about: qlik.ErrNoToken, what: others},
		{about: qlik.ErrNoAnswer, what: others},
		{about: report.ErrInUse, what: "close it, and take its read-only attribute off"},
		{about: report.ErrNotReplaced, what: "close the file in other programs, or " + room},
		{about: errNotRecorded, what: room},
		{about: syscall.ENOSPC, what: room},
		{about: report.ErrLocked, what: "wait for that run to end, or interrupt it"},
		{about: report.ErrDanglingLink, what: "name the file itself, or remove the link"},
		{about: report.ErrNotRegular, what: "find out what made that file, and remove it"},
		{about: page.ErrNotPage, alone: true, what: "name another file with -o"},
		{about: report.ErrOldResults, alone: true,
			what: "run the export again with another -o: existing users are found by their lookups"},
		{about: report.ErrStrayJournal, alone: true, what: "put the result file back beside the journal; if it is lost, " +
			"keep the journal: it names the users that were created"},
		{about: report.ErrResultsGiven, alone: true, what: "give the export, not a result file"},
		{about: syscall.ENAMETOOLONG, alone: true, what: "give the result file a shorter name, with -o: its journal and " +
			"temporary files have longer ones"},
		{about: fs.ErrNotExist, alone: true, what: "check the name of the file"},
		{about: fs.ErrPermission, alone: true,
			what: "the file must be readable, and the folder of the result file writable"},
	}
}

// then joins what to do with the command to type after it.
func then(what string, next command) string {
	if what == "" {
		return next.String()
	}
	return what + ", then:\n  " + next.String()
}

// choice is a command with what it is for.
func choice(purpose string, next command) string {
	if !strings.HasSuffix(purpose, "?") {
		purpose += ":"
	}
	return purpose + "\n  " + next.String()
}
