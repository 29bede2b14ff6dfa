package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// completions asks the program, as a shell's script does, for the values of the last word. The directive is what the
// shell is to do with them.
func completions(t *testing.T, words ...string) (values []string, directive string) {
	t.Helper()
	var out strings.Builder
	args := append([]string{"qlik-provision", "__complete"}, words...)
	if code := run(t.Context(), nil, args, strings.NewReader(""), &out, &strings.Builder{}); code != exitDone {
		t.Fatalf("exit code %d", code)
	}
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	for _, line := range lines[:len(lines)-1] {
		value, _, _ := strings.Cut(line, "\t") // an explanation comes after it
		values = append(values, value)
	}
	return values, lines[len(lines)-1]
}

// The directives of a cobra script that are used here.
const (
	shellDecides = ":0" // the value is a file
	onlyThese    = ":4" // no file
	filesEnding  = ":8" // files with one of these endings
)

func TestTabCompletes(t *testing.T) {
	home := t.TempDir()
	t.Setenv("QLIK_CLI_USER_HOME_DIR", home)
	const contexts = "contexts:\n  prod: {server: https://a.eu.qlikcloud.com}\n  ops: {server: b.eu.qlikcloud.com}\n"
	if err := os.WriteFile(filepath.Join(home, "contexts.yml"), []byte(contexts), 0o600); err != nil {
		t.Fatal(err)
	}

	for _, c := range []struct {
		typed     string // the words before the last, which is empty
		want      []string
		directive string
	}{
		{"create --status", []string{"active", "invited"}, onlyThese},
		{"create --update", []string{"name", "roles", "status"}, onlyThese},
		{"create --context", []string{"ops", "prod"}, onlyThese},
		{"verify --context", []string{"ops", "prod"}, onlyThese},
		{"undo --rate", []string{"100/m", "10/s", "off"}, onlyThese},
		{"disable --delimiter", []string{"comma", "semicolon", "tab", "pipe"}, onlyThese},
		{"create --workers", nil, onlyThese},
		{"create --tenant", nil, onlyThese},
		{"create --where", nil, onlyThese},
		{"create --log", nil, shellDecides},
		{"create --client-secret-file", nil, shellDecides},
		{"create -o", nil, shellDecides},
		{"create --subject", nil, onlyThese},
		{"create", []string{"csv", "tsv", "txt"}, filesEnding},
		{"plan", []string{"csv", "tsv", "txt"}, filesEnding},
		{"retry", []string{"results.csv"}, filesEnding},
		{"resume", []string{"results.csv"}, filesEnding},
		{"report", []string{"results.csv"}, filesEnding},
		{"sandbox", nil, onlyThese},
		{"sandbox --limit", []string{"rolling", "fixed", "bucket", "off"}, onlyThese},
		{"completion", []string{"bash", "fish", "powershell", "zsh"}, onlyThese},
	} {
		got, directive := completions(t, append(strings.Fields(c.typed), "")...)
		if diff := cmp.Diff(c.want, got); diff != "" || directive != c.directive {
			t.Errorf("%s: directive %s, not %s; values (-want +got):\n%s", c.typed, directive, c.directive, diff)
		}
	}
	t.Setenv("QLIK_CLI_USER_HOME_DIR", t.TempDir())
	if got, directive := completions(t, "create", "--context", ""); got != nil || directive != onlyThese {
		t.Errorf("without contexts: %q, %s", got, directive)
	}
}

func TestCompletionDescribesFlagsWithoutBackQuotes(t *testing.T) {
	var out strings.Builder
	args := []string{"qlik-provision", "__complete", "create", "--"}
	if code := run(t.Context(), nil, args, strings.NewReader(""), &out, &strings.Builder{}); code != exitDone {
		t.Fatalf("exit code %d", code)
	}
	if !strings.Contains(out.String(), "--burst\tsend up to N writes at once") || strings.Contains(out.String(), "`") {
		t.Errorf("%s", &out)
	}
}

func TestEveryShellGetsACompletionScript(t *testing.T) {
	for shell, first := range map[string]string{
		"bash": "# bash completion", "zsh": "#compdef qlik-provision", "fish": "# fish completion",
		"powershell": "# powershell completion",
	} {
		t.Run(shell, func(t *testing.T) {
			var script strings.Builder
			args := []string{"qlik-provision", "completion", shell}
			if code := run(t.Context(), nil, args, strings.NewReader(""), &script, &strings.Builder{}); code != exitDone {
				t.Fatalf("exit code %d", code)
			}
			if !strings.HasPrefix(script.String(), first) || !strings.Contains(script.String(), "__complete") {
				t.Errorf("it starts with %.40q", script.String())
			}
			bash, err := exec.LookPath("bash")
			if shell != "bash" || err != nil {
				return
			}
			check := exec.CommandContext(t.Context(), bash, "-n") // reads, and runs nothing
			check.Stdin = strings.NewReader(script.String())
			if out, err := check.CombinedOutput(); err != nil {
				t.Errorf("bash -n: %v\n%s", err, out)
			}
		})
	}
}
