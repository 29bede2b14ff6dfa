package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"qlik-provision/provision"
	"qlik-provision/provision/sandbox"
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
		{going, true, true, "2 failed, about 1h30m left"},
		{going, true, false, "2 failed ~1h30m"},
		{provision.Snapshot{}, true, true, ""},
	} {
		p := &progress{ui: &ui{terminal: test.terminal}, total: 100, began: now}
		if got := p.words(test.s, now, test.wide); got != test.want {
			t.Errorf("%+v, wide %v: %q, not %q", test.s, test.wide, got, test.want)
		}
	}
	for _, columns := range []int{20, 40, 59, 60, 80, 200} {
		p := &progress{ui: &ui{terminal: true}, total: 100, columns: columns}
		for _, words := range []string{"", "short", strings.Repeat("漢", 300)} {
			if n := len([]rune(p.fit(words))); n != p.room() {
				t.Errorf("%d columns: %d runes of words, not %d", columns, n, p.room())
			}
		}
	}
}
