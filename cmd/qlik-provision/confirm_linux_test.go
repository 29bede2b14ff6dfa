package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"qlik-provision/provision/sandbox"
)

// confirmExport has a new person, one with another script's letters, one that exists, one in conflict and a duplicate.
const confirmExport = `Employee ID,Name,Email
1,Ann Arden,ann@example.com
2,Bob Berg,bob@example.com
3,Cé Dé,ce@example.com
4,Dan Dorn,dan@example.com
1,Ann Arden,ann@example.com
`

func confirmTenant() []sandbox.User {
	return []sandbox.User{
		{Subject: "2", Name: "Bob Berg", Email: "bob@example.com"},
		{Subject: "4", Name: "Eve Ernst", Email: "eve@example.com"},
	}
}

func TestConfirmationShowsWhatWillBeSent(t *testing.T) {
	t.Parallel()
	tenant := newTenant(sandbox.Options{})
	for _, u := range confirmTenant() {
		tenant.Add(u)
	}
	p := newProgram(t, tenant)
	p.writeText(t, "hr.csv", confirmExport)
	tt := p.onTerminal(t, 100, "create", "hr.csv")
	tt.waitFor(t, "[y/N] ")
	if n := tenant.Stats().Writes; n > 0 {
		t.Errorf("%d writes before the answer", n)
	}
	shown := escapes.ReplaceAllString(tt.screen(), "")
	host := strings.TrimPrefix(p.tenant(), "http://")
	for _, want := range []string{
		`tenant: ` + regexp.QuoteMeta(host), `to create +2\b`, `existing +1\b`, `conflicts +1\b`, `a few seconds`,
		`1 · Ann Arden · ann@example\.com`, `3 · Cé Dé · ce@example\.com`,
		`create 2 users on ` + regexp.QuoteMeta(host) +
			`\?`,
	} {
		if !regexp.MustCompile(want).MatchString(shown) {
			t.Errorf("%s is not shown:\n%s", want, shown)
		}
	}
	tt.press(t, "y\r")
	if code, sent := tt.end(t); code != exitRows || len(tenant.Users()) != 4 {
		t.Errorf("exit code %d, %d users\n%s", code, len(tenant.Users()), sent)
	}
}

// tenant is the address of the program's tenant.
func (p *program) tenant() (address string) {
	for _, v := range p.env {
		if value, ok := strings.CutPrefix(v, "QLIK_TENANT="); ok {
			address = value
		}
	}
	return address
}

func TestDeclinedRunWritesNothingAndKeepsWhatWasFound(t *testing.T) {
	t.Parallel()
	for name, keys := range map[string]string{
		"n": "n\r", "Enter": "\r", "another word": "yess\r", "Ctrl-C": "\x03", "Ctrl-D": "\x04",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tenant := newTenant(sandbox.Options{})
			for _, u := range confirmTenant() {
				tenant.Add(u)
			}
			p := newProgram(t, tenant)
			p.writeText(t, "hr.csv", confirmExport)
			tt := p.onTerminal(t, 100, "create", "hr.csv", "--limit", "1")
			tt.waitFor(t, "[y/N] ")
			tt.press(t, keys)
			code, sent := tt.end(t)
			if code != exitInterrupted || !strings.Contains(sent, "retry hr.results.csv --limit 1") ||
				strings.Contains(sent, "declined") != (name != "Ctrl-C") {
				t.Errorf("exit code %d\n%s", code, sent)
			}
			if n := tenant.Stats().Writes; n > 0 {
				t.Errorf("%d writes", n)
			}
			for i, want := range []string{"pending", "exists", "pending", "failed", "duplicate"} {
				if row := p.results(t)[i]; row["outcome"] != want {
					t.Errorf("row %d is not %s: %v", i+1, want, row)
				}
			}
			// The answer is asked for again, and the rest goes on.
			tt = p.onTerminal(t, 100, "retry", "hr.results.csv")
			tt.waitFor(t, "create 2 users on ")
			tt.press(t, "y\r")
			if code, sent := tt.end(t); code != exitRows || len(tenant.Users()) != 4 {
				t.Errorf("retry: exit code %d, %d users\n%s", code, len(tenant.Users()), sent)
			}
		})
	}
}

// Each answer belongs to its question, also where both are typed before the second is asked.
func TestTwoQuestionsTakeTwoAnswers(t *testing.T) {
	t.Parallel()
	for keys, created := range map[string]int{"y\ry\r": 3, "y\rn\r": 0, "n\ry\r": 0} {
		t.Run(fmt.Sprintf("%q", keys), func(t *testing.T) {
			t.Parallel()
			tenant := newTenant(sandbox.Options{})
			p := newProgram(t, tenant)
			p.write(t, "hr.csv", 3)
			p.expect(t, exitDone, "plan", "hr.csv", "-o", "hr.results.csv")
			saved, err := os.ReadFile(p.file("hr.results.csv"))
			if err != nil {
				t.Fatal(err)
			}
			p.writeText(t, "hr.results.csv", strings.Replace(string(saved), "Person 1,", "Person One,", 1))
			tt := p.onTerminal(t, 100, "retry", "hr.results.csv")
			tt.waitFor(t, "are these changes intended? [y/N] ")
			tt.press(t, keys)
			code, sent := tt.end(t)
			if (code == exitDone) != (created > 0) || len(tenant.Users()) != created {
				t.Errorf("exit code %d, %d users, not %d\n%s", code, len(tenant.Users()), created, sent)
			}
		})
	}
}

func TestWhatIsHardToUndoWantsTheCount(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		first    string // runs without a terminal
		command  string
		question string
		changed  func(*sandbox.Tenant) bool
	}{
		{"disable", "", "disable hr.csv", "to disable 3 users on ", func(tenant *sandbox.Tenant) bool {
			return tenant.Users()[0].Status == "disabled" && tenant.Users()[2].Status == "disabled"
		}},
		{"undo", "create hr.csv", "undo hr.results.csv", "this deletes accounts, ", func(tenant *sandbox.Tenant) bool {
			return tenant.Stats().Deleted == 3
		}},
		{"enabling", "", "create hr.csv --update status", "disabled users among them are enabled again",
			func(tenant *sandbox.Tenant) bool { return tenant.Users()[0].Status == "active" }},
	} {
		for keys, meant := range map[string]bool{"3": true, "2": false, "y": false, "": false} {
			t.Run(fmt.Sprintf("%s, %q is typed", test.name, keys), func(t *testing.T) {
				t.Parallel()
				tenant := newTenant(sandbox.Options{})
				p := newProgram(t, tenant)
				p.write(t, "hr.csv", 3)
				for i := range 3 {
					if u := person(i); test.first == "" {
						if test.name == "enabling" {
							u.Status = "disabled"
						}
						tenant.Add(u)
					}
				}
				if test.first != "" {
					p.expect(t, exitDone, strings.Fields(test.first)...)
				}
				before := tenant.Stats().Writes
				tt := p.onTerminal(t, 100, strings.Fields(test.command)...)
				tt.waitFor(t, test.question)
				tt.waitFor(t, "type 3 to ")
				tt.press(t, keys+"\r")
				code, sent := tt.end(t)
				want := exitInterrupted
				if meant {
					want = exitDone
				}
				if code != want || (tenant.Stats().Writes > before) != meant || test.changed(tenant.Tenant) != meant {
					t.Errorf("exit code %d, %d writes\n%s", code, tenant.Stats().Writes-before, sent)
				}
			})
		}
	}
}

func TestNobodyIsAskedWhereItIsNotNeeded(t *testing.T) {
	t.Parallel()
	for name, args := range map[string]string{
		"--yes":         "create hr.csv --yes",
		"--sandbox":     "create hr.csv --sandbox",
		"nothing to do": "retry hr.results.csv",
		"--dry-run":     "disable hr.csv --dry-run",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tenant := newTenant(sandbox.Options{})
			p := newProgram(t, tenant)
			p.write(t, "hr.csv", 3)
			if name == "nothing to do" {
				p.expect(t, exitDone, "create", "hr.csv")
			}
			if name == "--dry-run" {
				tenant.Add(person(0))
			}
			code, sent := p.onTerminal(t, 100, strings.Fields(args)...).end(t)
			if code != exitDone || strings.Contains(sent, "[y/N]") || strings.Contains(sent, "type ") {
				t.Errorf("exit code %d\n%s", code, sent)
			}
		})
	}
	t.Run("data on standard input", func(t *testing.T) {
		t.Parallel()
		tenant := newTenant(sandbox.Options{})
		tenant.Add(sandbox.User{Subject: "2"})
		p := newProgram(t, tenant)
		for line, want := range map[string]int{
			"create - -o hr.results.csv": exitDone, "disable - -o out.csv": exitUsage,
		} {
			keyboard, screen := openTerminal(t, 100)
			c := p.command(strings.Fields(line)...)
			c.Stdin, c.Stderr = strings.NewReader("Employee ID\n1\n"), screen
			c.start(t)
			if code := c.end(t); code != want {
				t.Errorf("%s: exit code %d, not %d", line, code, want)
			}
			_, _ = keyboard.Close(), screen.Close()
		}
	})
}
