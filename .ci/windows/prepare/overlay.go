package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Windows without FileDispositionInformationEx answers STATUS_NOT_SUPPORTED, and os.RemoveAll then
// deletes in the older way. Wine 8 answers STATUS_NOT_IMPLEMENTED (0xC0000002), which os.RemoveAll
// takes for a failure, so that no test could remove its temporary folder.
const (
	unpatched = "STATUS_NOT_SUPPORTED:"
	patched   = "STATUS_NOT_SUPPORTED, NTStatus(0xC0000002):"
)

// writeOverlay writes overlay.json, for go test -overlay, and the one source file that it replaces.
func writeOverlay(folder string) error {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return fmt.Errorf("go env GOROOT: %w", err)
	}
	source := filepath.Join(strings.TrimSpace(string(root)), "src", "internal", "syscall", "windows", "at_windows.go")
	text, err := os.ReadFile(source)
	if err != nil {
		return err
	}
	if n := bytes.Count(text, []byte(unpatched)); n != 1 {
		return fmt.Errorf("%s has %d times %q, not once: this release of Go needs another overlay", source, n, unpatched)
	}
	replacement := filepath.Join(folder, "at_windows.txt") // gofmt leaves it alone
	text = bytes.Replace(text, []byte(unpatched), []byte(patched), 1)
	if err := os.WriteFile(replacement, text, 0o644); err != nil {
		return err
	}
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {source: replacement}})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "overlay.json"), overlay, 0o644)
}
