package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// TestDocsBlocksAreWellFormed parses every block of the texts for people, also those that no test can run.
func TestDocsBlocksAreWellFormed(t *testing.T) {
	for _, d := range documents(t) {
		fences := 0
		for _, part := range partsOf(d.text) {
			if !strings.HasPrefix(part.text, "```") {
				continue
			}
			fences += 2
			if err := checkBlock(t, part.kind, part.body); err != nil {
				t.Errorf("%s: line %d: %v", d.path, part.line, err)
			}
		}
		if n := strings.Count("\n"+d.text, "\n```"); n != fences {
			t.Errorf("%s: %d fences, but %d of blocks that name their language", d.path, n, fences)
		}
	}
}

func TestDocsBlocksThatAreBrokenAreFound(t *testing.T) {
	for _, c := range []struct{ kind, body string }{
		{"sh", "qlik-provision plan 'hr.csv\n"},
		{"sh not-run", "if true; then make demo\n"},
		{"console", "$ qlik-provision plan 'hr.csv\ntenant: …\n"},
		{"cron", "15 5 * * /usr/local/bin/qlik-provision\n"},
		{"cron", "15 5 * * * /usr/local/bin/qlik-provision create 'hr.csv\n"},
		{"cron", "15 5 * * * /usr/local/bin/qlik-provision create hr.csv -o $(date +%F).csv\n"},
		{"ini", "[Service]\nExecStart\n"},
		{"ini", "[Servce]\nExecStart=/bin/true\n"},
		{"yaml", "args: [create\n"},
		{"powershell", "qlik-provision plan 'hr.csv\n"},
		{"powershell", "qlik-provision plan hr.csv && qlik-provision create hr.csv\n"},
		{"powershell", "qlik-provision plan -offline hr.csv\n"},
		{"powershell", "qlik-provision plan hr.csv --ofline\n"},
		{"powershell", "qlik-provision create - -o a.csv < hr.csv\n"},
		{"powershell", "$run = (Get-Date\n"},
		{"powershell", "qlik-provision create hr.csv --update name, roles\n"},
		{"powershell", "$env:QLIK_TENNANT = 'https://acme.eu.qlikcloud.com'\n"},
		{"powershell", "export QLIK_CLIENT_ID=8e7a1c52d9f04b6f\n"},
		{"fish", "qlik-provision plan hr.csv\n"},
	} {
		if checkBlock(t, c.kind, c.body) == nil {
			t.Errorf("nothing is wrong with %s: %s", c.kind, c.body)
		}
	}
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		return
	}
	if checkBlock(t, "ini", "[Service]\nExecStart=/bin/true\nRestartSecs=15min\n") == nil {
		t.Error("systemd-analyze does not find a key that does not exist")
	}
}

// On Windows people type the commands of the manual as they stand.
func TestDocsCommandsAreTakenByPowerShell(t *testing.T) {
	inText := regexp.MustCompile("`(qlik-provision [a-z]+ [^`…]+)`")
	inBlock := regexp.MustCompile(`(?m)^(?:\$ )?(qlik-provision [^<>|$\n]*)$`)
	n := 0
	for _, d := range documents(t) {
		if strings.HasPrefix(d.path, "docs/07") || d.path == "docs/reference.md" {
			continue // of servers; generated for the platform's shell
		}
		for _, part := range partsOf(d.text) {
			typed := inText
			if strings.HasPrefix(part.text, "```") {
				typed = inBlock
			}
			for _, m := range typed.FindAllStringSubmatch(part.text, -1) {
				n++
				if err := checkPowerShell(t, m[1]); err != nil {
					t.Errorf("%s: %s: %v", d.path, m[1], err)
				}
			}
		}
	}
	if n < 30 {
		t.Errorf("only %d commands were found", n)
	}
}

// checkBlock is an error where whoever reads a block of this kind would not understand it.
func checkBlock(t *testing.T, kind, body string) error {
	for _, name := range regexp.MustCompile(`\bQLIK_[A-Z_]+`).FindAllString(body, -1) {
		if !strings.Contains(sources(t), strconv.Quote(name)) {
			return fmt.Errorf("no variable is called %s", name)
		}
	}
	switch language, _, _ := strings.Cut(kind, " "); language {
	case "sh":
		return parseByShell("bash", body)
	case "console":
		return parseByShell("sh", strings.Join(regexp.MustCompile(`(?m)^\$ (.*\\\n)*.*$`).FindAllString(body, -1), "\n"))
	case "cron":
		return checkCrontab(body)
	case "ini":
		return checkUnit(t, body)
	case "yaml":
		var document any
		return yaml.Unmarshal([]byte(body), &document)
	case "powershell":
		return checkPowerShell(t, body)
	case "text":
		return nil
	}
	return fmt.Errorf("nothing checks blocks of kind %q", kind)
}

// sources are the texts of the command's own source files.
func sources(t *testing.T) (all string) {
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if !strings.HasSuffix(path, "_test.go") {
			all += read(t, path)
		}
	}
	return all
}

// parseByShell lets a shell parse lines without running them.
func parseByShell(shell, lines string) error {
	cmd := exec.Command(shell, "-n")
	cmd.Stdin = strings.NewReader(regexp.MustCompile(`(?m)^\$ `).ReplaceAllString(lines, ""))
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

// checkCrontab checks lines of settings, and lines of five fields and a command, in which cron ends a line at %.
func checkCrontab(body string) error {
	for line := range strings.Lines(body) {
		if regexp.MustCompile(`^([A-Z_]+=|#|\n)`).MatchString(line) {
			continue
		}
		command := regexp.MustCompile(`^(?:[0-9*/,-]+ +){5}(.*\n)$`).FindStringSubmatch(line)
		if command == nil || regexp.MustCompile(`(^|[^\\])%`).MatchString(command[1]) {
			return fmt.Errorf("not a line of a crontab: %s", line)
		}
		if err := parseByShell("sh", strings.ReplaceAll(command[1], `\%`, "%")); err != nil {
			return err
		}
	}
	return nil
}

// checkUnit checks the sections and keys of a unit, and lets systemd check it where it is here.
func checkUnit(t *testing.T, body string) error {
	for line := range strings.Lines(body) {
		known := `^(#.*|\[(Unit|Service|Timer|Install)\]|[A-Z][A-Za-z]*=.+)?\n$`
		if !regexp.MustCompile(known).MatchString(line) {
			return fmt.Errorf("not a line of a unit: %s", line)
		}
	}
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		return nil
	}
	unit := filepath.Join(t.TempDir(), "x.service")
	if strings.Contains(body, "[Timer]") {
		if err := os.WriteFile(unit, []byte("[Service]\nExecStart=/bin/true\n"), 0o600); err != nil {
			return err
		}
		unit = strings.TrimSuffix(unit, "service") + "timer"
	}
	if err := os.WriteFile(unit, []byte(body), 0o600); err != nil {
		return err
	}
	out, err := exec.Command("systemd-analyze", "verify", "--man=no", unit).CombinedOutput()
	for line := range strings.Lines(string(out)) {
		if !strings.Contains(line, "/qlik-provision is not executable") { // it is not installed here
			return errors.New(line)
		}
	}
	if len(out) > 0 {
		return nil
	}
	return err
}

// checkPowerShell checks lines for Windows PowerShell 5.1: quotes and brackets, what that shell does not have, and
// commands of ours against their flags.
func checkPowerShell(t *testing.T, body string) error {
	commands, err := powerShellCommands(body)
	if err != nil {
		return err
	}
	root := newManual(t).root
	for _, words := range commands {
		words = slices.DeleteFunc(words, func(w string) bool { return w == "&" })
		if len(words) == 0 {
			continue
		}
		program := path.Base(strings.ReplaceAll(words[0], `\`, "/"))
		switch strings.TrimSuffix(program, ".exe") {
		case "export", "set", "sudo", "eval":
			return fmt.Errorf("PowerShell has no %s", program)
		case "qlik-provision":
			if slices.Contains(words, "completion") {
				continue
			}
			cmd, rest, _ := root.Find(words[1:])
			err := checkDashes(cmd, rest)
			if err == nil {
				err = cmd.ParseFlags(rest)
			}
			if err == nil {
				err = cmd.ValidateArgs(cmd.Flags().Args())
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// powerShellCommands cuts lines into commands and these into words.
func powerShellCommands(body string) (commands [][]string, err error) {
	token := regexp.MustCompile("^(?:#[^\n]*|'(?:[^'\n]|'')*'|\"(?:[^\"`\n]|`.|\"\")*\"|`\n|[ \t]+|&&|\\|\\||" +
		"[^ \t\n;|&<(){}'\"`“”‘’]+|.|\n)")
	var words []string
	var open []string // what closes the brackets that are open
	closes := map[string]string{"(": ")", "{": "}"}
	attached := false // the next token belongs to the word before it
	for body != "" {
		got := token.FindString(body)
		body = body[len(got):]
		switch {
		case got[0] == '#', got[0] == ' ', got[0] == '\t', got == "`\n":
			attached = false
		case got == "\n", got == ";", got == "|":
			commands, words, attached = append(commands, words), nil, false
		case closes[got] != "":
			open = append(open, closes[got])
			commands, words, attached = append(commands, words), nil, false
		case got == ")" || got == "}":
			if len(open) == 0 || got != open[len(open)-1] {
				return nil, fmt.Errorf("%s closes nothing", got)
			}
			open = open[:len(open)-1]
			commands, words, attached = append(commands, words), nil, false
		case slices.Contains([]string{"&&", "||", "<", "'", `"`, "`", "“", "”", "‘", "’"}, got):
			return nil, fmt.Errorf("PowerShell 5.1 does not take %s before %q", got, body)
		case attached:
			words[len(words)-1] += strings.Trim(got, `'"`)
		default:
			words, attached = append(words, strings.Trim(got, `'"`)), true
		}
	}
	if len(open) > 0 {
		return nil, fmt.Errorf("there is no %s", open)
	}
	return append(commands, words), nil
}
