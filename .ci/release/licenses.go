package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
)

// A module is linked into the program; its folder holds its licence texts.
type module struct{ path, version, folder string }

var licenseFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|patents)([.-].*)?$`)

// writeLicenses writes the licence texts of everything that is linked into the package on any of the
// platforms: the modules, and Go's own standard library. A module without a licence is an error.
func writeLicenses(file, pkg string, platforms []string) error {
	modules, err := linkedModules(pkg, platforms)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	b.WriteString("qlik-provision contains the following software, under the licences given here.\n")
	for _, m := range modules {
		if err := appendLicenses(&b, m); err != nil {
			return err
		}
	}
	return os.WriteFile(file, b.Bytes(), 0o644)
}

func linkedModules(pkg string, platforms []string) ([]module, error) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("go env GOROOT: %w", err)
	}
	modules := []module{{"the Go standard library", runtime.Version(), strings.TrimSpace(string(root))}}
	const linked = "{{with .Module}}{{if not .Main}}{{.Path}}\t{{.Version}}\t{{.Dir}}{{end}}{{end}}"
	for _, platform := range platforms {
		system, processor, found := strings.Cut(platform, "/")
		if !found {
			return nil, fmt.Errorf("%q is no GOOS/GOARCH", platform)
		}
		list := exec.Command("go", "list", "-deps", "-f", linked, pkg)
		list.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+processor)
		list.Stderr = os.Stderr
		output, err := list.Output()
		if err != nil {
			return nil, fmt.Errorf("go list -deps for %s: %w", platform, err)
		}
		for line := range strings.Lines(string(output)) {
			if f := strings.Split(strings.TrimSpace(line), "\t"); len(f) == 3 {
				modules = append(modules, module{f[0], f[1], f[2]})
			}
		}
	}
	slices.SortFunc(modules[1:], func(a, b module) int { return strings.Compare(a.path, b.path) })
	return slices.Compact(modules), nil
}

func appendLicenses(b *bytes.Buffer, m module) error {
	files, err := os.ReadDir(m.folder)
	if err != nil {
		return err
	}
	before := b.Len()
	for _, f := range files {
		if f.IsDir() || !licenseFile.MatchString(f.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(m.folder, f.Name()))
		if err != nil {
			return err
		}
		text = bytes.TrimSpace(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")))
		fmt.Fprintf(b, "\n%s\n%s %s: %s\n\n%s\n", strings.Repeat("=", 80), m.path, m.version, f.Name(), text)
	}
	if b.Len() == before {
		return fmt.Errorf("%s %s has no licence text in %s", m.path, m.version, m.folder)
	}
	return nil
}
