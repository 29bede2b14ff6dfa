package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode"

	"qlik-provision/provision/sandbox"
)

// What a terminal would obey, or what would turn the direction of the text: none of it is ours to send.
const (
	clearScreen = "\x1b[2J\x1b[31m"
	setTitle    = "\x1b]0;owned\x07"
	eightBit    = "\u009b31mX\u009d0;owned\u009c"
	turned      = "\u202etxt.exe\u2066\u200f"
	bell        = "\a\b\r\x00\x7f"
	hostileText = "A" + clearScreen + setTitle + eightBit + turned + bell + "\u2028Z"
	markup      = `<script>alert("owned")</script><img src=x onerror=alert(1)>`
)

// acts lists what in text a terminal would act on, line ends aside.
func acts(text string) (found []string) {
	for _, r := range text {
		if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029') {
			found = append(found, fmt.Sprintf("%U", r))
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// The marks that say in which direction a letter goes stand in ordinary Hebrew and Arabic names; in a file they turn nothing around them.
var marksOfDirection = strings.NewReplacer("\u200e", "", "\u200f", "", "\u061c", "")

// formulas are what a spreadsheet would run.
var formulas = []string{`=cmd|'/c calc'!A1`, "+1+1", "-1+1", "@SUM(1)", " =1", "\t=1", "\ufeff=1", "＝1", "\u200b+1"}

// runs reports whether a spreadsheet would run a cell.
func runs(cell string) bool {
	cell = strings.TrimLeftFunc(cell, func(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) })
	return cell != "" && strings.ContainsAny(cell[:min(len(cell), 3)], "=+-@＝＋－＠") && strings.IndexAny(cell, "=+-@＝＋－＠") == 0
}

// hostileTenant says one text after the other wherever a tenant may say something: in errors, and about the users who are there.
func hostileTenant(t *testing.T, p *program, tenant http.Handler, path string, status int, texts ...string) {
	t.Helper()
	var n atomic.Int64
	answer := tells(path, status)
	if status == http.StatusOK {
		answer = says(path, status, func(string) any {
			users := make([]any, len(texts))
			for i, text := range texts {
				users[i] = map[string]any{"id": text, "subject": fmt.Sprintf("%05d", i), "name": text, "email": text + "@example.com", "status": text}
			}
			return map[string]any{"data": users}
		})
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !answer(w, r, texts[int(n.Add(1))%len(texts)]) {
			tenant.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	p.env = append(p.env, "QLIK_TENANT="+server.URL)
}

func TestNothingHostileReachesTheTerminalOrTheSpreadsheet(t *testing.T) {
	for _, test := range []struct {
		path   string
		status int
	}{{createPath, 400}, {createPath, 403}, {createPath, 500}, {createPath, 404}, {lookupPath, 403}, {lookupPath, 200}, {tokenPath, 401}} {
		for name, texts := range map[string][]string{"terminal": {hostileText}, "markup": {markup}, "formulas": formulas} {
			t.Run(fmt.Sprintf("%s %d %s", test.path, test.status, name), func(t *testing.T) {
				if name == "formulas" && test.status != 400 && test.status != 200 {
					t.Skip("one refusal and one user stand for the others")
				}
				t.Parallel()
				p := newProgram(t, sandbox.New(sandbox.Options{}))
				tenant := sandbox.New(sandbox.Options{Limit: sandbox.LimitOff})
				p.env = append(p.env, "QLIK_CLIENT_ID="+tenant.ClientID(), "QLIK_CLIENT_SECRET="+tenant.ClientSecret())
				hostileTenant(t, p, tenant, test.path, test.status, texts...)
				p.write(t, "hr.csv", 2*len(texts))
				for _, args := range [][]string{{"create", "hr.csv", "--attempts", "1", "--json"}, {"retry", "hr.results.csv", "--attempts", "1", "--json"}, {"report", "hr.results.csv"}} {
					checkHarmless(t, p, args)
				}
			})
		}
	}
}

// checkHarmless runs a command, and reports where something of what it wrote would be obeyed.
func checkHarmless(t *testing.T, p *program, args []string) {
	t.Helper()
	cmd, stderr := p.command(args...)
	var stdout bytes.Buffer
	cmd.Stdout = &stdout
	if code := exitCode(t, cmd.Run()); code < 0 {
		t.Fatalf("%v ended with %d\n%s", args, code, stderr)
	}
	for name, text := range map[string]string{"stderr": stderr.String(), "stdout": stdout.String()} {
		if found := acts(text); len(found) > 0 {
			t.Errorf("%v: %s holds %v: %q", args, name, found, text)
		}
	}
	if stdout.Len() > 0 {
		var said summary
		if err := json.Unmarshal(stdout.Bytes(), &said); err != nil {
			t.Errorf("%v: %v: %q", args, err, stdout.String())
		}
	}
	for _, row := range readResults(t, filepath.Join(p.dir, "hr.results.csv")) {
		for _, column := range []string{"user_id", "message", "error_code", "trace_id"} {
			if cell := row[column]; len(acts(marksOfDirection.Replace(cell))) > 0 || strings.Contains(cell, "\n") || runs(cell) {
				t.Errorf("%v: %s is %q", args, column, cell)
			}
		}
	}
	if page, err := os.ReadFile(filepath.Join(p.dir, "hr.results.html")); err == nil {
		if strings.Contains(string(page), "<script>alert") || strings.Contains(string(page), "<img") {
			t.Errorf("%v: the page holds markup of the tenant's", args)
		}
	}
}

func TestHostileCellsStayDataOnTheTenantAndInTheFile(t *testing.T) {
	tenant := sandbox.New(sandbox.Options{Limit: sandbox.LimitOff})
	tenant.Add(sandbox.User{Subject: "bystander", Name: "By Stander"})
	subjects := []string{
		`" or subject co "`, `x" or (subject pr) or subject eq "`, `bystander" or "a" eq "a`, `*`, `%`, `\`, `\"`, `"`, `{"subject":"bystander"}`, `$(reboot)`, "`reboot`", `../../etc/passwd`,
		`a,b;c|d`, `=cmd|'/c calc'!A1`, `@x`, `-1`, markup, `Ångström 漢字 😀`, `subject eq "bystander"`, `a&b=c#d?e`, `%22%20or`, `\u0022 or`, `'; DROP TABLE users; --`,
	}
	refused := []string{"line\nend", "carriage\rreturn", "x\r\nX-Injected: yes", clearScreen, setTitle, eightBit, "bell\a"}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	rows := [][]string{{"Employee ID", "Name"}}
	for _, s := range slices.Concat(subjects, refused) {
		rows = append(rows, []string{s, "Somebody"})
	}
	if err := w.WriteAll(rows); err != nil {
		t.Fatal(err)
	}
	for _, lookups := range []bool{true, false} {
		p := newProgram(t, tenant)
		if err := os.WriteFile(filepath.Join(p.dir, "hr.csv"), b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		args := []string{"create", "hr.csv", "--json"}
		want := "created"
		if !lookups {
			args, want = append(args, "--no-lookup"), "exists" // each found by the look after its 409
		}
		checkHarmless(t, p, args)
		for i, row := range readResults(t, filepath.Join(p.dir, "hr.results.csv")) {
			outcome := want
			if i >= len(subjects) {
				outcome = "invalid"
			}
			if row["outcome"] != outcome {
				t.Errorf("%q is %s (%s), not %s", row["Employee ID"], row["outcome"], row["message"], outcome)
			}
		}
		there := map[string]int{}
		for _, u := range tenant.Users() {
			there[u.Subject]++
		}
		for _, s := range subjects {
			if there[s] != 1 {
				t.Errorf("%q is on the tenant %d times", s, there[s])
			}
		}
		if len(there) != len(subjects)+1 {
			t.Errorf("%d subjects on the tenant, not %d", len(there), len(subjects)+1)
		}
	}
}

func TestAResultFileOfSomebodyElsesIsInputLikeAnyOther(t *testing.T) {
	head := "Employee ID,Name,outcome,user_id,user_subject,message,error_code,http_status,trace_id,attempts,finished_at,tenant,row\n"
	cell := `"` + strings.ReplaceAll(hostileText+markup, `"`, `""`) + `"`
	cell = strings.NewReplacer("\x00", "", "\r", "").Replace(cell)
	for name, text := range map[string]string{
		"texts that would be obeyed":   head + "1,Ann,failed,=1+1,1," + cell + "," + cell + ",400," + cell + ",1,2026-01-01T00:00:00Z,,1\n",
		"numbers that are none":        head + "1,Ann,failed,x,1,m,c,99999999999999999999,t,-7,then,,1\n",
		"a row of two billions":        head + "1,Ann,pending,,1,,,,,,,,2147483647\n",
		"a row beyond all":             head + "1,Ann,pending,,1,,,,,,,,99999999999999999999\n",
		"a row below one":              head + "1,Ann,pending,,1,,,,,,,,0\n",
		"two rows of one number":       head + "1,Ann,pending,,1,,,,,,,,1\n2,Bob,pending,,2,,,,,,,,1\n",
		"an outcome that is none":      head + "1,Ann," + cell + ",,1,,,,,,,,1\n",
		"a tenant that is none":        head + "1,Ann,pending,,1,,,,,,," + cell + ",1\n",
		"a header that would be":       strings.Replace(head, "Name", cell, 1) + "1,Ann,pending,,1,,,,,,,,1\n",
		"a subject that was not sent":  head + "1,Ann,created,x," + cell + ",,,201,,1,2026-01-01T00:00:00Z,,1\n",
		"nothing but the header":       head,
		"a year beyond all":            head + "1,Ann,created,x,1,,,201,,1,9999-12-31T23:59:59Z,,1\n2,Bob,created,y,2,,,201,,1,0001-01-01T00:00:00Z,,2\n",
		"a journal beside it, garbage": head + "1,Ann,pending,,1,,,,,,,,1\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tenant := sandbox.New(sandbox.Options{Limit: sandbox.LimitOff})
			p := newProgram(t, tenant)
			path := filepath.Join(p.dir, "hr.results.csv")
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(name, "a journal") {
				if err := os.WriteFile(path+".journal", []byte(hostileText+text+"\xff\xfe"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			for _, args := range [][]string{{"report", "hr.results.csv"}, {"retry", "hr.results.csv", "--json"}, {"report", "hr.results.csv"}} {
				cmd, stderr := p.command(args...)
				var stdout bytes.Buffer
				cmd.Stdout = &stdout
				code := exitCode(t, cmd.Run())
				if code < 0 || code > 3 || strings.Contains(stderr.String(), "goroutine ") {
					t.Errorf("%v ended with %d\n%s", args, code, stderr)
				}
				if found := acts(stderr.String() + stdout.String()); len(found) > 0 {
					t.Errorf("%v: %v in %q", args, found, stderr.String()+stdout.String())
				}
				if page, err := os.ReadFile(filepath.Join(p.dir, "hr.results.html")); err == nil && strings.Contains(string(page), "<script>alert") {
					t.Errorf("%v: the page holds markup of the file's", args)
				}
			}
			if n := len(tenant.Users()); n > 1 {
				t.Errorf("%d users", n)
			}
		})
	}
}

// onTerminal runs a line of a shell on a terminal, and gives back what that was sent.
func (p *program) onTerminal(t *testing.T, line string) (sent string, code int) {
	t.Helper()
	script, err := exec.LookPath("script")
	if err != nil {
		t.Skip("no script(1), which runs a program on a terminal")
	}
	cmd := exec.Command(script, "-qec", line, "/dev/null")
	cmd.Dir, cmd.Env = p.dir, append(p.env, "TERM=xterm-256color")
	out, err := cmd.CombinedOutput()
	return string(out), exitCode(t, err)
}

func TestHelpIsAsWideAsTheTerminal(t *testing.T) {
	p := newProgram(t, sandbox.New(sandbox.Options{}))
	for columns, want := range map[int]int{70: 70, 100: 100, 200: widestHelp} {
		sent, code := p.onTerminal(t, fmt.Sprintf("stty cols %d; %s create --help", columns, p.path))
		widest := 0
		for line := range strings.Lines(sent) {
			if !strings.HasPrefix(line, "  qlik-provision ") { // an example is to be typed as it stands
				widest = max(widest, len([]rune(strings.TrimRight(line, "\r\n"))))
			}
		}
		if code != exitDone || widest > want || widest < want-12 {
			t.Errorf("exit code %d; on %d columns the longest line has %d\n%s", code, columns, widest, sent)
		}
	}
}

func TestALineThatComesWhileTheBarIsShownTakesItsPlace(t *testing.T) {
	tenant := sandbox.New(sandbox.Options{Limit: sandbox.LimitOff})
	tenant.Inject(sandbox.Fault{Kind: sandbox.FaultStatus, Status: 403, On: sandbox.EndpointFilter, Skip: 1, Delay: 2 * time.Second})
	p := newProgram(t, tenant)
	p.write(t, "hr.csv", 230)
	sent, code := p.onTerminal(t, p.path+" create hr.csv --rate off")
	before, _, said := strings.Cut(sent, "lookups are refused")
	if bar := strings.LastIndex(before, "█"); code != exitDone || !said || bar < 0 || !strings.HasSuffix(before, "\x1b[2K\r") {
		t.Errorf("exit code %d\n%q", code, sent)
	}
}

func TestATerminalIsSentNothingButOurOwnColoursAndTheBar(t *testing.T) {
	tenant := sandbox.New(sandbox.Options{Limit: sandbox.LimitOff, Latency: 0})
	p := newProgram(t, tenant)
	hostileTenant(t, p, tenant, createPath, 400, hostileText+markup)
	p.write(t, "hr.csv", 30)
	out, code := p.onTerminal(t, p.path+" create hr.csv --rate 20/s --burst 5")
	if code != exitRows {
		t.Errorf("exit code %d\n%q", code, out)
	}
	text := out
	if !strings.Contains(text, "█") && !strings.Contains(text, "100%") && !strings.Contains(text, "\x1b[31merror:") {
		t.Fatalf("that was no terminal: %q", text)
	}
	for _, ours := range []string{"\x1b[1m", "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[36m", "\x1b[0m", "\x1b[2K", "\x1b[1A", "\x1b[0K", "\r"} {
		text = strings.ReplaceAll(text, ours, "")
	}
	if found := acts(text); len(found) > 0 {
		t.Errorf("%v in %q", found, text)
	}
	for _, theirs := range []string{clearScreen, setTitle, eightBit, turned} {
		if strings.Contains(out, theirs) {
			t.Errorf("%q reached the terminal", theirs)
		}
	}
}
