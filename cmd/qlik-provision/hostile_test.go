package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode"

	"qlik-provision/provision/sandbox"
)

// What a terminal would obey, or what would turn the direction of text.
const (
	clearScreen = "\x1b[2J\x1b[31m"
	setTitle    = "\x1b]0;owned\x07"
	eightBit    = "\u009b31mX\u009d0;owned\u009c"
	turned      = "\u202etxt.exe\u2066\u200f"
	hostileText = "A" + clearScreen + setTitle + eightBit + turned + "\a\b\r\x00\x7f\u2028Z"
	markup      = `<script>alert("owned")</script><img src=x onerror=alert(1)>`
)

// obeyed lists what in text a terminal would act on, line ends aside.
func obeyed(text string) (found []string) {
	for _, r := range text {
		if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029') {
			found = append(found, fmt.Sprintf("%U", r))
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// resultsHeader is that of a result file of an export with two columns.
const resultsHeader = "Employee ID,Name,action,outcome,code,message,user_id,user_subject,http_status,trace_id," +
	"attempts," +
	"finished_at,tenant,check,row\n"

// A result file may come from anybody, as an attachment for example.
func TestHostileResultFileIsDataOrRefused(t *testing.T) {
	t.Parallel()
	cell := strings.NewReplacer("\x00", "", "\r", "", `"`, `""`).Replace(hostileText + markup)
	cell = `"` + cell + `"`
	const action = "create --subject 'Employee ID' --name Name --status active"
	row := func(outcome, code, message, id, subject, status, attempts, finished, tenant, number string) string {
		return strings.Join([]string{"1,Ann", action, outcome, code, message, id, subject, status, "", attempts, finished,
			tenant, "", number}, ",") + "\n"
	}
	pending := row("pending", "", "", "", "", "", "", "", "", "1")
	for name, text := range map[string]string{
		"hostile cells":         row("failed", cell, cell, "=1+1", "", "400", "1", "2026-01-01T00:00:00Z", "", "1"),
		"numbers that are none": row("failed", "c", "m", "x", "", "99999999999999999999", "-7", "then", "", "1"),
		"row two billion":       row("pending", "", "", "", "", "", "", "", "", "2147483647"),
		"a row beyond all":      row("pending", "", "", "", "", "", "", "", "", "99999999999999999999"),
		"row 0":                 row("pending", "", "", "", "", "", "", "", "", "0"),
		"one number twice":      pending + pending,
		"an unknown outcome":    row(cell, "", "", "", "", "", "", "", "", "1"),
		"a hostile tenant":      row("pending", "", "", "", "", "", "", "", cell, "1"),
		"a hostile action":      strings.Replace(pending, action, cell, 1),
		"a shell in the action": strings.Replace(pending, action,
			`"create --subject $(touch owned) --name ""; touch owned"""`, 1),
		"nothing but a header": "",
		"the year 9999":        row("created", "", "", "x", "1", "201", "1", "9999-12-31T23:59:59Z", "", "1"),
	} {
		for _, journal := range []string{"", hostileText + "\xff\xfe\n"} {
			t.Run(fmt.Sprintf("%s, journal of %d", name, len(journal)), func(t *testing.T) {
				t.Parallel()
				tenant := newTenant(sandbox.Options{})
				tenant.Add(sandbox.User{ID: "x", Subject: "1", Name: "Ann"}) // who is missing is looked up for half a minute
				p := newProgram(t, tenant)
				p.writeText(t, "hr.results.csv", resultsHeader+text)
				if journal != "" {
					p.writeText(t, "hr.results.csv.journal", journal)
				}
				for _, line := range []string{"report hr.results.csv", "verify hr.results.csv --json",
					"retry hr.results.csv --json", "undo hr.results.csv --yes", "report hr.results.csv"} {
					c, code := p.run(t, strings.Fields(line)...)
					out := c.stdout.String() + c.stderr.String()
					if code < exitDone || code > exitRun || strings.Contains(out, "goroutine ") {
						t.Errorf("%s ended with %d\n%s", line, code, out)
					}
					if found := obeyed(out); len(found) > 0 {
						t.Errorf("%s: %v in %q", line, found, out)
					}
				}
				if page, err := os.ReadFile(p.file("hr.results.html")); err == nil && strings.Contains(string(page),
					"<script>alert") {
					t.Error("the page holds markup of the file's")
				}
				if _, err := os.Stat(p.file("owned")); err == nil {
					t.Error("a shell has read the action")
				}
				if n := len(tenant.Users()); n > 1 {
					t.Errorf("%d users", n)
				}
			})
		}
	}
}
