package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// completions asks the program, as a shell's script does, for what may come in the place of the last word. The directive is what the shell is to do with it.
func completions(t *testing.T, words ...string) (values []string, directive string) {
	t.Helper()
	var out strings.Builder
	if code := run(t.Context(), nil, append([]string{"qlik-provision", "__complete"}, words...), strings.NewReader(""), &out, &strings.Builder{}); code != exitDone {
		t.Fatalf("exit code %d", code)
	}
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	for _, line := range lines[:len(lines)-1] {
		value, _, _ := strings.Cut(line, "\t") // what stands behind it explains it
		values = append(values, value)
	}
	return values, lines[len(lines)-1]
}

// The directives of a cobra script that are in use here.
const (
	shellDecides = ":0" // the value is a file
	onlyThese    = ":4" // no file
	filesEnding  = ":8" // files with one of these endings
)

func TestTabCompletes(t *testing.T) {
	home := t.TempDir()
	t.Setenv("QLIK_CLI_USER_HOME_DIR", home)
	writeFile(t, filepath.Join(home, ".qlik", "contexts.yml"), "contexts:\n  prod: {server: https://a.eu.qlikcloud.com}\n  ops: {server: https://b.eu.qlikcloud.com}\n")
	export := filepath.Join(home, "hr.csv")
	writeFile(t, export, "Badge;First Name;Last Name\n1;Ann;Arden\n")
	results := filepath.Join(home, "hr.results.csv")
	writeFile(t, results, "Badge;outcome;user_id;user_subject;message;error_code;http_status;trace_id;attempts;finished_at;tenant;row\n1;pending;;1;;;;;;;;1\n")

	for _, c := range []struct {
		typed     string // the words before the last, which is empty
		want      []string
		directive string
	}{
		{"create --status", []string{"active", "invited"}, onlyThese},
		{"create --context", []string{"ops", "prod"}, onlyThese},
		{"retry --context", []string{"ops", "prod"}, onlyThese},
		{"create --match", []string{"subject", "subject,email"}, onlyThese},
		{"create --rate", []string{"100/m", "10/s", "off"}, onlyThese},
		{"create --delimiter", []string{"comma", "semicolon", "tab", "pipe"}, onlyThese},
		{"create --workers", nil, onlyThese},
		{"create --tenant", nil, onlyThese},
		{"create --header-row", nil, onlyThese},
		{"create --log", nil, shellDecides},
		{"create --client-secret-file", nil, shellDecides},
		{"create -o", nil, shellDecides},
		{"create " + export + " --subject", []string{"Badge", "First Name", "Last Name"}, onlyThese},
		{"retry " + results + " --name", []string{"Badge"}, onlyThese},
		{"create --subject", nil, onlyThese},
		{"create " + home + " --subject", nil, onlyThese},
		{"create " + export + ".gone --subject", nil, onlyThese},
		{"create", []string{"csv", "tsv", "txt"}, filesEnding},
		{"plan", []string{"csv", "tsv", "txt"}, filesEnding},
		{"retry", []string{"csv"}, filesEnding},
		{"resume", []string{"csv"}, filesEnding},
		{"report", []string{"csv"}, filesEnding},
		{"create hr.csv", nil, onlyThese},
		{"sandbox", nil, onlyThese},
		{"sandbox --limit", []string{"rolling", "fixed", "bucket", "off"}, onlyThese},
		{"completion", []string{"bash", "fish", "powershell", "zsh"}, onlyThese},
	} {
		got, directive := completions(t, append(strings.Fields(c.typed), "")...)
		if diff := cmp.Diff(c.want, got); diff != "" || directive != c.directive {
			t.Errorf("%s: directive %s, not %s; values (-want +got):\n%s", c.typed, directive, c.directive, diff)
		}
	}
}

func TestTabCompletesNoContextWhereThereIsNone(t *testing.T) {
	t.Setenv("QLIK_CLI_USER_HOME_DIR", t.TempDir())
	if got, directive := completions(t, "create", "--context", ""); got != nil || directive != onlyThese {
		t.Errorf("%q, %s", got, directive)
	}
}

func TestEveryShellGetsAScript(t *testing.T) {
	for shell, first := range map[string]string{"bash": "# bash completion", "zsh": "#compdef qlik-provision", "fish": "# fish completion", "powershell": "# powershell completion"} {
		t.Run(shell, func(t *testing.T) {
			var script strings.Builder
			if code := run(t.Context(), nil, []string{"qlik-provision", "completion", shell}, strings.NewReader(""), &script, &strings.Builder{}); code != exitDone {
				t.Fatalf("exit code %d", code)
			}
			if !strings.HasPrefix(script.String(), first) {
				t.Errorf("it begins with %.40q", script.String())
			}
			if !strings.Contains(script.String(), "__complete") {
				t.Error("it never asks the program")
			}
			if shell == "bash" {
				parses(t, script.String())
			}
		})
	}
}

// parses has bash read a script, and run nothing of it.
func parses(t *testing.T, script string) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash here")
	}
	cmd := exec.CommandContext(t.Context(), bash, "-n")
	cmd.Stdin = strings.NewReader(script)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("bash -n: %v\n%s", err, out)
	}
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
