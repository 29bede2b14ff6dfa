package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"qlik-provision/provision"
	"qlik-provision/provision/qlik"
	"qlik-provision/provision/sandbox"
	"qlik-provision/report"
)

func TestWhatCannotBeOpenedOrWrittenIsSaid(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("its devices are Linux's")
	}
	for _, test := range []struct {
		name   string
		args   []string
		env    string
		exit   int
		says   string // on stderr
		stdout string // a file in the place of stdout
	}{
		{"no temporary folder for a plan", []string{"plan", "hr.csv"}, "TMPDIR=/nonexistent", 2, "hint: a plan needs a temporary folder (TMPDIR)", ""},
		{"no temporary folder for standard input", []string{"create", "-", "-o", "x.csv"}, "TMPDIR=/nonexistent", 2, "keeping standard input: ", ""},
		{"a folder for an export", []string{"create", ".", "-o", "x.csv"}, "", 2, ". is a folder", ""},
		{"no folder for the result file", []string{"create", "hr.csv", "-o", "none/x.csv"}, "", 2, "none/x.csv", ""},
		{"no folder for the log", []string{"create", "hr.csv", "--log", "none/x.log"}, "", 2, "opening the log", ""},
		{"a full disk for the log", []string{"create", "hr.csv", "--log", "/dev/full"}, "", 0, "writing the log: ", ""},
		{"a full disk for the log of a run that fails", []string{"create", "hr.csv", "-o", "log.csv", "--log", "/dev/full"}, "QLIK_CLIENT_SECRET=wrong", 3, "writing the log: ", ""},
		{"a full disk for the summary", []string{"create", "hr.csv", "--json"}, "", 3, "printing the summary: ", "/dev/full"},
		{"a full disk for the summary of a refusal", []string{"create", "none.csv", "--json"}, "", 2, "printing the summary: ", "/dev/full"},
		{"a sandbox for everybody", []string{"sandbox", "--addr", "0.0.0.0:0"}, "", 2, "the sandbox is for this machine only", ""},
		{"a sandbox at no address", []string{"sandbox", "--addr", "nowhere"}, "", 2, "hint: --addr 127.0.0.1:0 takes a port that is free", ""},
		{"a sandbox with a limit of no kind", []string{"sandbox", "--limit", "some"}, "", 2, "--limit", ""},
		{"a sandbox that cannot say where it is", []string{"sandbox"}, "", 2, "printing the settings: ", "/dev/full"},
		{"no secret file", []string{"create", "hr.csv", "--client-id", "me", "--client-secret-file", "none"}, "", 2, "reading the client's secret: ", ""},
		{"a folder for a secret file", []string{"create", "hr.csv", "--client-id", "me", "--client-secret-file", "."}, "", 2, "reading the client's secret: ", ""},
		{"an empty secret file", []string{"create", "hr.csv", "--client-id", "me", "--client-secret-file", "/dev/null"}, "", 2, "is empty", ""},
		{"an endless secret file", []string{"create", "hr.csv", "--client-id", "me", "--client-secret-file", "/dev/zero"}, "", 2, "more than a secret", ""},
		{"a client without a secret", []string{"create", "hr.csv"}, "QLIK_CLIENT_SECRET=", 2, "QLIK_CLIENT_SECRET is not", ""},
		{"no home for the contexts", []string{"create", "hr.csv", "--context", "x"}, "HOME=", 2, "finding qlik-cli's contexts", ""},
		{"no tenant", []string{"create", "hr.csv"}, "QLIK_TENANT=", 2, "no tenant", ""},
		{"a burst of none", []string{"create", "hr.csv", "--burst", "0"}, "", 2, "--burst 0", ""},
		{"no attempts", []string{"create", "hr.csv", "--attempts", "0"}, "", 2, "--attempts 0", ""},
		{"no patience", []string{"create", "hr.csv", "--patience", "-1s"}, "", 2, "--patience -1s", ""},
		{"no time", []string{"create", "hr.csv", "--timeout", "0"}, "", 2, "--timeout 0s", ""},
		{"a line before the first", []string{"create", "hr.csv", "--header-row", "-1"}, "", 2, "--header-row -1", ""},
		{"a delimiter of two", []string{"create", "hr.csv", "--delimiter", "ab"}, "", 2, `--delimiter "ab"`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := newProgram(t, sandbox.New(sandbox.Options{Limit: sandbox.LimitOff}))
			p.write(t, "hr.csv", 3)
			p.env = append(p.env, test.env)
			cmd, stderr := p.command(test.args...)
			cmd.Stdin = strings.NewReader("Employee ID,Name\n1,Ann\n")
			if test.stdout != "" {
				f, err := os.OpenFile(test.stdout, os.O_WRONLY, 0)
				if err != nil {
					t.Fatal(err)
				}
				defer f.Close()
				cmd.Stdout = f
			}
			if code := ends(t, cmd); code != test.exit || !strings.Contains(stderr.String(), test.says) {
				t.Errorf("exit code %d, not %d with %q\n%s", code, test.exit, test.says, stderr)
			}
		})
	}
}

func TestWhereThereIsNoWorkingFolderItIsSaid(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("elsewhere the folder that one works in cannot be removed, or is still there")
	}
	p := newProgram(t, sandbox.New(sandbox.Options{}))
	export := p.write(t, "hr.csv", 1)
	cmd, stderr := p.command()
	cmd.Path, cmd.Args = "/bin/sh", []string{"sh", "-c", `mkdir gone && cd gone && rmdir ../gone && exec "$0" create "$1" -o out.csv`, p.path, export}
	if code := ends(t, cmd); code != exitUsage || !strings.Contains(stderr.String(), "error: locking out.csv: ") || !strings.Contains(stderr.String(), "hint: check the name of the file\n") {
		t.Errorf("exit code %d\n%s", code, stderr)
	}
}

// onRequest is a tenant in whose place do is called first, once, when somebody asks for path.
func (p *program) onRequest(t *testing.T, tenant http.Handler, path string, do func()) {
	t.Helper()
	var once sync.Once
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == path {
			once.Do(do)
		}
		tenant.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	p.env = append(p.env, "QLIK_TENANT="+server.URL)
}

func TestAResultFileWhoseFolderGoesAwayIsSaid(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a folder with an open file in it cannot be removed")
	}
	tenant := sandbox.New(sandbox.Options{Limit: sandbox.LimitOff})
	p := newProgram(t, tenant)
	p.write(t, "hr.csv", 3)
	folder := filepath.Join(p.dir, "out")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	p.onRequest(t, tenant, createPath, func() {
		if err := os.RemoveAll(folder); err != nil {
			t.Error(err)
		}
	})
	cmd, stderr := p.command("create", "hr.csv", "-o", "out/x.csv")
	const hint = "hint: close the file where it is open, make room on the disk, then: qlik-provision retry out/x.csv\n"
	if code := ends(t, cmd); code != exitRun || !strings.Contains(stderr.String(), "no such file or directory") || !strings.Contains(stderr.String(), hint) {
		t.Errorf("exit code %d\n%s", code, stderr)
	}
}

func TestAPlanWhoseTemporaryFolderCannotBeRemovedSaysSo(t *testing.T) {
	tenant := sandbox.New(sandbox.Options{Limit: sandbox.LimitOff})
	p := newProgram(t, tenant)
	p.write(t, "hr.csv", 3)
	temporary := smallDisk(t, 1024)
	p.env = append(p.env, "TMPDIR="+temporary)
	var busy string
	p.onRequest(t, tenant, lookupPath, func() {
		folders, err := filepath.Glob(filepath.Join(temporary, "qlik-provision-plan-*"))
		if err != nil || len(folders) != 1 {
			t.Errorf("%v, %v", folders, err)
			return
		}
		busy = filepath.Join(folders[0], "busy")
		if err := os.Mkdir(busy, 0o700); err != nil {
			t.Error(err)
		}
		if out, err := exec.Command("mount", "-t", "tmpfs", "tmpfs", busy).CombinedOutput(); err != nil {
			t.Errorf("mount: %v: %s", err, out)
		}
	})
	cmd, stderr := p.command("plan", "hr.csv", "--json")
	var stdout bytes.Buffer
	cmd.Stdout = &stdout
	code := ends(t, cmd)
	if out, err := exec.Command("umount", busy).CombinedOutput(); err != nil {
		t.Errorf("umount: %v: %s", err, out)
	}
	if code != exitDone || strings.Count(stdout.String(), "\n") != 1 || !strings.Contains(stderr.String(), "the plan's temporary folder is left behind: ") {
		t.Errorf("exit code %d, %s\n%s", code, stdout.String(), stderr)
	}
}

// fromPipe runs create - on so many rows, and calls meanwhile before the first of them comes, with the file that standard input is kept in.
func (p *program) fromPipe(t *testing.T, rows int, meanwhile func(kept string)) (code int, stderr *bytes.Buffer) {
	t.Helper()
	temporary := filepath.Join(p.dir, "tmp")
	if err := os.Mkdir(temporary, 0o700); err != nil {
		t.Fatal(err)
	}
	p.env = append(p.env, "TMPDIR="+temporary)
	cmd, stderr := p.command("create", "-", "-o", "out.csv")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var kept []string
	until(t, "standard input is kept", func() bool {
		kept, err = filepath.Glob(filepath.Join(temporary, "qlik-provision-*.csv"))
		return err == nil && len(kept) == 1
	})
	enough := time.AfterFunc(30*time.Second, func() {
		t.Error("it did not end by itself")
		_ = cmd.Process.Kill()
	})
	defer enough.Stop()
	meanwhile(kept[0])
	export := bytes.NewBufferString("Employee ID,Name\n")
	for i := range rows {
		fmt.Fprintf(export, "%05d,Person\n", i)
	}
	if _, err := export.WriteTo(in); err != nil {
		t.Error(err)
	}
	if err := in.Close(); err != nil {
		t.Error(err)
	}
	return exitCode(t, cmd.Wait()), stderr
}

func TestAnInterruptBeforeTheFirstRequestLeavesAFileToGoOnFrom(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a console's Ctrl-C cannot be sent to one process")
	}
	tenant := sandbox.New(sandbox.Options{Limit: sandbox.LimitOff})
	p := newProgram(t, tenant)
	p.write(t, "hr.csv", 100_000) // which takes longer to check than a signal
	cmd, stderr := p.command("create", "hr.csv", "-o", "out.csv")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	until(t, "the ledger is written", func() bool {
		drafts, err := filepath.Glob(filepath.Join(p.dir, ".out.csv.tmp-*"))
		return err == nil && len(drafts) > 0
	})
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	code := exitCode(t, cmd.Wait())
	if code != exitInterrupted || !strings.Contains(stderr.String(), "error: interrupted; the rows that were not settled are pending\nhint: qlik-provision retry out.csv\n") {
		t.Errorf("exit code %d\n%s", code, stderr)
	}
	if n := tenant.Stats().Requests; n > 0 {
		t.Errorf("%d requests", n)
	}
	total, err := report.Summarize(filepath.Join(p.dir, "out.csv"))
	if err != nil || total.Counts[provision.Pending] != 100_000 {
		t.Errorf("%+v, %v", total, err)
	}
}

func TestStandardInputThatIsLeftBehindIsSaidBeforeTheFirstRequest(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a file that is open cannot be put elsewhere")
	}
	tenant := sandbox.New(sandbox.Options{Limit: sandbox.LimitOff})
	p := newProgram(t, tenant)
	code, stderr := p.fromPipe(t, 100, func(kept string) {
		if err := os.Rename(kept, kept+".elsewhere"); err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(kept, "inside"), "")
	})
	if code != exitUsage || !strings.Contains(stderr.String(), "directory not empty\nhint: qlik-provision retry out.csv\n") {
		t.Errorf("exit code %d\n%s", code, stderr)
	}
	if n := tenant.Stats().Requests; n > 0 {
		t.Errorf("%d requests", n)
	}
	if retry, stderr := p.command("retry", "out.csv", "-q"); ends(t, retry) != exitDone {
		t.Errorf("the hint does not go on:\n%s", stderr)
	}
}

func TestEveryEndOfARunHasItsCodeAndAWayOn(t *testing.T) {
	for _, test := range []struct {
		err  error
		code int
		hint string
	}{
		{errInterrupted, exitInterrupted, "go on"},
		{context.Canceled, exitInterrupted, "go on"},
		{provision.ErrScope, exitRun, "give the client the scope admin.users (Administration > OAuth), or an API key of a tenant admin, then: go on"},
		{qlik.ErrCredentials, exitRun, "check the client's id and secret, or the API key, then: go on"},
		{qlik.ErrNotTenant, exitRun, "check the address of the tenant, then: go on"},
		{provision.ErrUnreachable, exitRun, "check the address of the tenant, the network and the proxy (HTTPS_PROXY), then: go on"},
		{provision.ErrPatience, exitRun, "see how the tenant is (status.qlikcloud.com) and who else uses this client; --patience waits longer, then: go on"},
		{qlik.ErrNoToken, exitRun, "check the address of the tenant, the network and the proxy (HTTPS_PROXY), and how the tenant is (status.qlikcloud.com), then: go on"},
		{errNotRecorded, exitRun, "make room on the disk, then: go on"},
		{io.ErrUnexpectedEOF, exitRun, "go on"},
	} {
		if got := ended(fmt.Errorf("creating: %w", test.err), "go on"); got.code != test.code || got.hint != test.hint {
			t.Errorf("%v: %d, %q", test.err, got.code, got.hint)
		}
	}
}

func TestAFullDiskBeforeARunHasAWayOn(t *testing.T) {
	given := command{[]string{"qlik-provision", "retry", "hr.results.csv"}}
	got := failureOf((&app{}).refusal(fmt.Errorf("writing: %w", syscall.ENOSPC), given))
	if got.code != exitUsage || got.hint != "make room on the disk, then: qlik-provision retry hr.results.csv" {
		t.Errorf("%d, %q", got.code, got.hint)
	}
}

func TestLinesOfProgressGetRarerAfterAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var said strings.Builder
		stop := newUI(&said).follow(new(provision.Progress), 10)
		time.Sleep(178 * time.Second)
		stop()
		lines := strings.Count(said.String(), "\n")
		if want := 12 + 12; lines != want || !strings.HasPrefix(said.String(), "0 of 10 rows, 0 %\n") {
			t.Errorf("%d lines, not %d:\n%s", lines, want, said.String())
		}
	})
}

func TestTheSpeedIsThatOfTheLastSeconds(t *testing.T) {
	var p progress
	began := time.Now()
	for _, test := range []struct {
		after   time.Duration
		settled int
		want    string
	}{
		{0, 0, ""}, {500 * time.Millisecond, 5, ""}, {5 * time.Second, 100, "20/s"}, {15 * time.Second, 100, ""}, {20 * time.Second, 101, "4/min"}, {25 * time.Second, 121, "2/s"},
	} {
		if got := p.speed(test.settled, began.Add(test.after)); got != test.want {
			t.Errorf("after %v: %q, not %q", test.after, got, test.want)
		}
	}
}

func TestHowLongARunTookIsWrittenForPeople(t *testing.T) {
	for seconds, want := range map[float64]string{0: "0.0s", 1.24: "1.2s", 9.9: "9.9s", 10: "10s", 12.3: "13s", 75: "1m15s", 3900: "1h05m"} {
		if got := duration(seconds); got != want {
			t.Errorf("%v: %s, not %s", seconds, got, want)
		}
	}
}

func TestEverySystemHasItsOpener(t *testing.T) {
	for system, want := range map[string]string{"windows": "rundll32 url.dll,FileProtocolHandler", "darwin": "open", "linux": "xdg-open", "freebsd": "xdg-open"} {
		if got := strings.Join(openerOf(system), " "); got != want {
			t.Errorf("%s: %s, not %s", system, got, want)
		}
	}
}

func TestTheVersionIsThatOfTheBuild(t *testing.T) {
	stamped := &debug.BuildInfo{Main: debug.Module{Version: "v1.1.0"}, Settings: []debug.BuildSetting{
		{Key: "vcs.revision", Value: "0123456789abcdef"}, {Key: "vcs.time", Value: "2026-03-02T00:00:00Z"}}}
	for _, test := range []struct {
		v, c, d string
		info    *debug.BuildInfo
		want    string
	}{
		{"v1.2.0", "fedcba9876543210", "2026-04-01", stamped, "v1.2.0 fedcba987654 2026-04-01"},
		{"", "", "", stamped, "v1.1.0 0123456789ab 2026-03-02T00:00:00Z"},
		{"", "", "", &debug.BuildInfo{Main: debug.Module{Version: "(devel)"}}, "devel"},
		{"", "", "", &debug.BuildInfo{}, "devel"},
	} {
		if got := versionOf(test.v, test.c, test.d, test.info); got != test.want {
			t.Errorf("%q, not %q", got, test.want)
		}
	}
	defer func(v string) { version = v }(version)
	for v, want := range map[string]string{"": "qlik-provision/devel", "v1.2.0": "qlik-provision/v1.2.0"} {
		if version = v; userAgent() != want {
			t.Errorf("%q, not %q", userAgent(), want)
		}
	}
}

func TestResultsThatDoNotFitAtTheEndAreMergedByTheNextRun(t *testing.T) {
	const rows = 1000
	// The result file and its journal have room; the new result file beside them has not.
	disk := smallDisk(t, 264)
	tenant := sandbox.New(sandbox.Options{Limit: sandbox.LimitOff})
	p := newProgram(t, tenant)
	p.write(t, "hr.csv", rows)
	results := filepath.Join(disk, "hr.results.csv")
	cmd, stderr := p.command("create", "hr.csv", "-o", results, "--rate", "off", "-q", "--json")
	var stdout bytes.Buffer
	cmd.Stdout = &stdout
	if code := exitCode(t, cmd.Run()); code != exitRun {
		t.Errorf("exit code %d\n%s", code, stderr)
	}
	if n := len(tenant.Users()); n != rows {
		t.Fatalf("%d users: the disk was full before the end\n%s", n, stderr)
	}
	for _, said := range []string{"no space left on device", "hint: close the file where it is open, make room on the disk, then: qlik-provision retry "} {
		if !strings.Contains(stderr.String(), said) {
			t.Errorf("it does not say %q:\n%s", said, stderr)
		}
	}
	// What is counted comes from file and journal together.
	if !strings.Contains(stdout.String(), fmt.Sprintf(`"created":%d,`, rows)) {
		t.Errorf("%s", stdout.String())
	}
	if out, err := exec.Command("mount", "-o", "remount,size=4m", disk).CombinedOutput(); err != nil {
		t.Fatalf("remount: %v: %s", err, out)
	}
	retry, stderr := p.command("retry", results, "-q")
	if err := retry.Run(); err != nil {
		t.Errorf("retry: %v\n%s", err, stderr)
	}
	for i, row := range readResults(t, results) {
		if row["outcome"] != "created" {
			t.Fatalf("row %d: %v", i+1, row)
		}
	}
	if n := tenant.Stats().Create; n != rows {
		t.Errorf("%d creates", n)
	}
}

func TestProgressSaysWhatItWaitsForInTheRoomThereIs(t *testing.T) {
	now := time.Now()
	waiting := provision.Snapshot{Settled: 40, Failures: 2, Waiting: provision.ReasonLimit, Until: now.Add(252 * time.Second), Left: 400 * time.Second, AtMost: true, Known: true}
	going := provision.Snapshot{Settled: 40, Failures: 2, Left: 90 * time.Minute, Known: true}
	for _, test := range []struct {
		s        provision.Snapshot
		terminal bool
		wide     bool
		want     string
	}{
		{waiting, true, true, "waiting 4m12s for the tenant's rate limit, 2 failed"},
		{waiting, true, false, "waiting 4m12s"},
		{waiting, false, true, "waiting 4m12s for the tenant's rate limit, 2 failed, at most 6m40s left"},
		{going, true, true, "20/s, 2 failed, about 1h30m left"},
		{going, true, false, "2 failed ~1h30m"},
		{provision.Snapshot{}, true, true, ""},
	} {
		p := &progress{ui: &ui{terminal: test.terminal}, total: 100, began: now, past: []mark{{now.Add(-2 * time.Second), 0}}}
		if got := p.words(test.s, now, test.wide); got != test.want {
			t.Errorf("%+v, wide %v: %q, not %q", test.s, test.wide, got, test.want)
		}
	}
}

func TestALineOfProgressIsNoWiderThanTheTerminal(t *testing.T) {
	for _, total := range []int{1, 27, 2000, 1_000_000} {
		for columns := 1; columns <= 200; columns++ {
			var drawn bytes.Buffer
			p := &progress{ui: &ui{w: &drawn}, total: total, columns: columns}
			if p.room() < 0 {
				if columns >= 40 {
					t.Errorf("%d rows on %d columns have no bar", total, columns)
				}
				continue
			}
			p.bar = p.newBar()
			for _, words := range []string{"", "short", strings.Repeat("漢", 300)} {
				p.bar.Describe(p.fit(words))
				for _, n := range []int{0, total / 2, total} {
					if err := p.bar.Set(n); err != nil {
						t.Fatal(err)
					}
				}
			}
			for line := range strings.SplitSeq(drawn.String(), "\r") {
				if n := utf8.RuneCountInString(line); n > columns {
					t.Errorf("%d rows on %d columns: a line of %d: %q", total, columns, n, line)
				}
			}
		}
	}
}
