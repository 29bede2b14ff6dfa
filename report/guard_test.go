package report

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"qlik-provision/provision/csvfile"
	"qlik-provision/provision/roster"
)

func TestRetryRefusesAFileThatCannotBeRun(t *testing.T) {
	text := ranText(t)
	for _, c := range []struct {
		name string
		save func(table) table
		want string
	}{
		{"no row number", func(tb table) table { return tb.set(3, "row", "") }, "line 4: it has no row number"},
		{"a row number that is none", func(tb table) table { return tb.set(3, "row", "3.7") },
			"line 4: it has no row number"},
		{"a row number twice", func(tb table) table { return append(tb, tb[2]) },
			"line 9: row 2 already stands on line 3"},
		{"an unknown outcome", func(tb table) table { return tb.set(2, "outcome", "erledigt") },
			`line 3: "erledigt" is not an outcome`},
		{"a row added", func(tb table) table {
			added := make([]string, len(tb[0]))
			added[0] = "2001"
			return append(tb, added)
		}, "line 9: the row was added to the file: delete it, and put the person into another export"},
		{"a column missing", func(tb table) table {
			tb[0][slices.Index(tb[0], "check")] = "checked"
			return tb
		}, "the header lacks check"},
		{"columns in another order", func(tb table) table {
			at := slices.Index(tb[0], "check")
			tb[0][at], tb[0][at+1] = tb[0][at+1], tb[0][at]
			return tb
		}, "its columns do not stand next to each other in the order action,"},
		{"two actions", func(tb table) table { return tb.set(3, "action", "disable --subject Name") },
			`it has more than one action: row 3 (line 4) is for "disable --subject Name", rows before it are for "create`},
		{"an action that is none", func(tb table) table {
			for i := range tb[1:] {
				tb.set(i+1, "action", "destroy --subject x")
			}
			return tb
		}, `the action "destroy --subject x" cannot be read: it begins with neither create nor disable`},
		{"no action", func(tb table) table {
			for i := range tb[1:] {
				tb.set(i+1, "action", "")
			}
			return tb
		}, `the action "" cannot be read: it begins with neither`},
		{"no rows", func(tb table) table { return tb[:1] }, "it has no rows"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, path, _, err := retryText(t, c.save(tableOf(t, text)).saved(',', false, ""), sandbox)
			as[*NotResultsError](t, err)
			if want := path + " is not a usable result file: " + c.want; !strings.HasPrefix(err.Error(), want) {
				t.Errorf("%v\nwant %s", err, want)
			}
		})
	}
}

func TestRetryRefusesAFileThatWasCutShort(t *testing.T) {
	text := ranText(t)
	whole := strings.TrimSuffix(text, "\n")
	if _, _, _, err := retryText(t, whole, sandbox); err != nil {
		t.Errorf("without its last line end: %v", err)
	}
	for n := len(text) - 2; text[n-1] != '\n'; n-- {
		_, _, _, err := retryText(t, text[:n], sandbox)
		var unreadable *csvfile.Error
		if !errors.As(err, &unreadable) {
			as[*NotResultsError](t, err)
		}
	}
}

func TestRetryRefusesAFileOfAnEarlierVersion(t *testing.T) {
	old := "Employee ID,Name,outcome,user_id,user_subject,message,error_code,http_status,trace_id," +
		"attempts,finished_at,tenant,row\n1001,Ada,pending,,1001,,,,,,,sandbox,1\n"
	_, path, _, err := retryText(t, old, sandbox)
	wantError(t, err, ErrOldResults)
	_, err = Read(path, csvfile.Options{})
	wantError(t, err, ErrOldResults)
	_, err = Create(path, parseText(t, sixRows), theAction, sandbox)
	wantError(t, err, ErrOldResults)
	wantError(t, CheckExport(parseText(t, old)), ErrOldResults)
	l, err := Create(path, parseText(t, sixRows), theAction, Options{Overwrite: true})
	if err != nil {
		t.Fatal(err)
	}
	mustClose(t, l)
}

func TestRetryRefusesAnotherTenant(t *testing.T) {
	_, path, _, err := retryText(t, ranText(t), Options{Tenant: "acme.eu.example"})
	as[*TenantError](t, err)
	if want := path +
		" holds results of the tenant sandbox, but this run is for acme.eu.example"; err.Error() != want {
		t.Errorf("%v\nwant %s", err, want)
	}
}

func TestRetryFillsInTheTenantOfAnOfflinePlan(t *testing.T) {
	l, path := start(t, sixRows, theAction, Options{})
	mustClose(t, l)
	l, _, err := retry(t, path, Options{Tenant: "acme.eu.example:443"})
	if err != nil {
		t.Fatal(err)
	}
	mustClose(t, l)
	if got := strings.Count(read(t, path), ",acme.eu.example:443,"); got != 7 {
		t.Errorf("%d rows name the tenant", got)
	}
}

func TestRetryRefusesSubjectsThatAreNoLongerWhatTheyWere(t *testing.T) {
	const rows = "Employee ID,Name,Email\n00123,Ada Byron,\n00456,Grace Hopper,\n12345678901234567890,Jane Doe,\n" +
		"7-8,John Roe,\n9x,Ann Lee,\n"
	prefixed := theAction
	prefixed.Subject = "auth0|{Employee ID}"
	for _, c := range []struct {
		name   string
		action Action
		save   func(table) table
		total  int
		kind   ChangeKind
		want   string
	}{
		{"a done row", theAction, func(tb table) table { return tb.set(1, "Employee ID", "00999") }, 1, SubjectChanged,
			`row 1 (line 2) was "00123", is now "00999"`},
		{"a pending row", theAction, func(tb table) table { return tb.set(2, "Employee ID", "00999") }, 1, SubjectChanged,
			`row 2 (line 3) was "00456", is now "00999"`},
		{"zeros lost", theAction, func(tb table) table {
			return tb.set(3, "outcome", "failed").set(1, "Employee ID",
				"123")
		}, 1, SubjectDamaged,
			`row 1 (line 2) was "00123", is now "123"`},
		{"zeros lost in a failed row", prefixed, func(tb table) table {
			return tb.set(2, "outcome", "failed").set(2,
				"Employee ID", "456")
		}, 1, SubjectDamaged,
			`row 2 (line 3) was "auth0|00456", is now "auth0|456"`},
		{"an exponent in a failed row", theAction, func(tb table) table {
			return tb.set(3, "outcome", "failed").set(3, "Employee ID", "1,23E+19")
		}, 1, SubjectDamaged, `"1,23E+19"`},
		{"digits zeroed in a failed row", theAction, func(tb table) table {
			return tb.set(3, "outcome", "failed").set(3, "Employee ID", "12345678901234600000")
		}, 1, SubjectDamaged, `"12345678901234600000"`},
		{"a date in a failed row", theAction, func(tb table) table {
			return tb.set(4, "outcome", "failed").set(4, "Employee ID", "07. Aug")
		}, 1, SubjectDamaged, `"07. Aug"`},
		{"zeros lost in both columns", theAction, func(tb table) table {
			for i, zeros := range []string{"", "123", "456"} {
				if i > 0 {
					tb.set(i, "Employee ID", zeros).set(i, "user_subject", zeros)
				}
			}
			return tb
		}, 2, SubjectDamaged, `row 1 (line 2): "123" does not fit the row's check`},
		{"one column sorted alone", theAction, func(tb table) table {
			return tb.set(1, "Employee ID", "00456").set(1, "user_subject", "00456").set(2, "Employee ID",
				"00123").set(2, "user_subject", "00123")
		}, 2, SubjectDamaged, `row 1 (line 2): "00456" does not fit the row's check`},
		{"the check emptied", theAction, func(tb table) table { return tb.set(1, "check", "") }, 1, SubjectDamaged,
			`row 1 (line 2): "00123" does not`},
		{"a done row emptied", theAction, func(tb table) table {
			return tb.set(1, "user_subject", "").set(1, "check", "")
		}, 1, SubjectChanged, `row 1 (line 2) was "", is now "00123"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, path := start(t, rows, c.action, sandbox)
			record(t, l, created(l.Pending()[0]))
			mustClose(t, l)
			_, _, _, err := retryText(t, c.save(tableOf(t, read(t, path))).saved(',', false, ""), sandbox)
			e := as[*ChangedError](t, err)
			if len(e.Rows) != c.total || e.Kind != c.kind || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%d rows, kind %v: %v\nwant %d, %v, %s", len(e.Rows), e.Kind, err, c.total, c.kind, c.want)
			}
		})
	}
}

func TestRetryAsksForConsentToChangedPersonsOfPendingRows(t *testing.T) {
	l, path := start(t, sixRows, theAction, sandbox)
	record(t, l, created(l.Pending()[0]))
	mustClose(t, l)
	changed := tableOf(t, read(t, path)).set(1, "Name", "A Done Row").set(3, "Name", "Grace B. Hopper").set(7,
		"Email", "al@acme.example")
	write(t, path, changed.saved(',', false, ""))
	text := read(t, path)

	l, err := Open(path, csvfile.Options{}, sandbox)
	if err != nil {
		t.Fatal(err)
	}
	err = prepare(l)
	e := as[*ChangedError](t, err)
	if e.Kind != PersonChanged || len(e.Rows) != 2 ||
		e.Rows[1] != "row 7 (line 8) is now Lovelace, Annabella <al@acme.example>" || read(t, path) != text {
		t.Errorf("%+v, and the file is\n%s", e, read(t, path))
	}
	people, err := roster.Read(l.File, l.Action.Sources())
	if err == nil {
		err = l.Prepare(people, true)
	}
	if err != nil {
		t.Fatal(err)
	}
	record(t, l, failed(l.Pending()[0]))
	mustClose(t, l)

	mustClose(t, mustRetry(t, path)) // what was accepted is not asked for again
}
