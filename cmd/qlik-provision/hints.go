package main

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"qlik-provision/provision/csvfile"
	"qlik-provision/report"
)

// fileFailure says what is wrong with a file before a run, and what corrects it. given is the command as it was typed.
func fileFailure(err error, given command) error {
	switch {
	case err == nil:
		return nil
	case is[*failure](err):
		return err
	case errors.Is(err, errInterrupted):
		return interrupted(given)
	}
	if bad, ok := errors.AsType[*csvfile.Error](err); ok {
		return usage(err, csvHint(bad, given))
	}
	return usage(err, cmp.Or(resultsHint(err, given), pathHint(err, given), fileHint(err, given)))
}

// csvHint says how a file can be read that was refused.
func csvHint(bad *csvfile.Error, given command) string {
	fix := bad.Fix
	if fix.Option == csvfile.OptionDelimiter && fix.Value == "\t" {
		fix.Value = "tab" // a tab cannot be pasted into a shell
	}
	option := string(fix.Option)
	detected := []csvfile.Option{csvfile.OptionDelimiter, csvfile.OptionEncoding, csvfile.OptionHeaderRow}
	decides := !slices.Contains(detected, fix.Option) // which persons a file has: such a flag is never left out of a hint
	switch {
	case fix.Option == "" && slices.Contains([]string{"retry", "undo", "verify", "report"}, given.name):
		return then("correct that in the result file, or save it as CSV UTF-8 again", given)
	case fix.Option == "":
		return then(cmp.Or(bad.Advice, "correct that in the file, or export it again"), given)
	case given.name == "retry" && !given.has(option) && decides:
		return then("restore the header of that column in the file: its rows were derived from it", given)
	case len(bad.Others) > 0:
		hint := choice("if it is "+quote(fix.Value), given.with(option, fix.Value))
		for _, other := range bad.Others {
			hint += "\n" + choice("if it is "+quote(other), given.with(option, other))
		}
		return hint
	case fix.Value != "":
		fixed := given.with(option, fix.Value)
		if fix.Was != "" {
			fixed = given.replace(option, fix.Was, fix.Value)
		}
		return then(bad.Advice, fixed)
	case !given.has(option):
		return cmp.Or(bad.Advice, "say it") + "; the flag is --" + option
	case decides:
		return cmp.Or(bad.Advice, "correct --"+option)
	}
	return then(bad.Advice, given.without(option))
}

// resultsHint says what to do about a result file that does not fit the command, "" where that is not what err is.
func resultsHint(err error, given command) string {
	if exists, ok := errors.AsType[*report.ExistsError](err); ok {
		return existsHint(exists, given)
	}
	if errors.Is(err, report.ErrResultsGiven) {
		return resultsGivenHint(given)
	}
	if tenant, ok := errors.AsType[*report.TenantError](err); ok {
		return tenantHint(tenant, given)
	}
	if changed, ok := errors.AsType[*report.ChangedError](err); ok {
		switch changed.Kind {
		case report.SubjectDamaged:
			return then("copy the columns of the subject from the export into the file, as text", given)
		case report.SubjectChanged:
			return then("restore these cells; to change the subject of a row that is not done, empty its user_subject and "+
				"check", given)
		}
		return choice("if these changes are intended", given.withSwitch("yes"))
	}
	none, ok := errors.AsType[*report.NotResultsError](err)
	switch {
	case !ok:
		return ""
	case none.Correctable:
		return then("correct that in the file", given)
	case none.Path == given.file:
		if beside := resultsBeside(none.Path); beside != "" {
			return given.on(given.name, beside).String()
		}
	}
	return "a result file is what create or disable wrote; an export is run by create, with -o for another result file"
}

// tenantHint is for a result file of another tenant than the run's.
func tenantHint(tenant *report.TenantError, given command) string {
	own := "a file is of one tenant; for another one run the export again with another -o"
	switch {
	case tenant.File == sandboxTenant:
		given = given.without("tenant", "context", "client-id", "client-secret-file", "client-secret-command").
			withSwitch("sandbox")
	case given.has("context"):
		return own + "; to go on with this one, name the context of " + tenant.File
	default:
		given = given.without("sandbox").with("tenant", tenant.File)
	}
	return own + "\n" + choice("to go on with this one", given)
}

// existsHint says how to go on where a result file exists of which rows were sent. given is a command that writes it.
func existsHint(exists *report.ExistsError, given command) string {
	own := given.with("out", dated(exists.Path))
	retry := given.onResults("retry", exists.Path)
	switch {
	case exists.SameExport && exists.SameAction && exists.Done < exists.Rows:
		return retry.String()
	case exists.SameExport && exists.SameAction:
		return choice("every row is done; to look everybody up again", own)
	case exists.SameExport && exists.Done < exists.Rows:
		return choice("to go on as it began", retry) + "\n" + choice("to run this export separately", own)
	}
	return choice("to run this export separately", own)
}

// resultsGivenHint is for a result file that was given as an export: never a command that writes more than was meant.
func resultsGivenHint(given command) string {
	path := given.file
	switch given.name {
	case "disable":
		return "give the export of the leavers\n" + choice("to delete what a run of this file created",
			given.onResults("undo", path).withSwitch("dry-run"))
	case "plan":
		return "give the export\n" + choice("to compare this file with the tenant", given.onResults("verify", path))
	}
	return given.onResults("retry", path).String()
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

// pathHint is for a name that leads to no file, or to one that is in use; "" where that is not what err is.
func pathHint(err error, given command) string {
	if folder, ok := errors.AsType[*report.FolderError](err); ok && errors.Is(err, fs.ErrNotExist) {
		if word, ok := quoteWord(filepath.Dir(folder.Path)); ok {
			return "make the folder, and run it again:\n  " + makeFolder + word + "\n  " + given.String()
		}
		return then("make the folder", given)
	}
	if what := inUse(err); what != "" {
		return then(what, given)
	}
	path, ok := errors.AsType[*fs.PathError](err)
	switch {
	case errors.Is(err, syscall.ENAMETOOLONG) && given.name != "retry" && given.name != "undo":
		return then("its journal and temporary files have longer names: use a shorter one", given.with("out", "results.csv"))
	case ok && errors.Is(err, report.ErrNotRegular):
		return then("find out what made "+path.Path+", and remove it", given)
	}
	return ""
}

// inUse says what to do about a file that another program keeps open, "" where that is not what err is about.
func inUse(err error) string {
	if path, ok := errors.AsType[*fs.PathError](err); ok && isSharing(err) {
		return path.Path + " is open in another program: close it"
	}
	return ""
}

const (
	makeRoom        = "make room on the disk"
	closeOrMakeRoom = "close the file in other programs, or " + makeRoom
)

// fileHint is for the other errors of files, "" where err is none of them.
func fileHint(err error, given command) string {
	switch {
	case errors.Is(err, report.ErrStrayJournal):
		return "put the result file back beside the journal; if it is lost, keep the journal: it names the users that " +
			"were created"
	case errors.Is(err, report.ErrLocked):
		return then("wait for that run to end, or interrupt it", given)
	case errors.Is(err, report.ErrOldResults):
		return "run the export again with another -o: existing users are found by their lookups"
	case errors.Is(err, report.ErrReadOnly):
		return then("take the read-only attribute off the file", given)
	case errors.Is(err, report.ErrNotReplaced):
		return then(closeOrMakeRoom, given)
	case errors.Is(err, report.ErrDanglingLink):
		return then("name the file itself, or remove the link", given)
	case errors.Is(err, syscall.ENOSPC):
		return then(makeRoom, given)
	case errors.Is(err, syscall.ENAMETOOLONG):
		return "give the file a shorter name: that of its journal is longer"
	case errors.Is(err, fs.ErrNotExist):
		return "check the name of the file"
	case errors.Is(err, fs.ErrPermission):
		return "the file must be readable, and the folder of the result file writable"
	}
	return ""
}
