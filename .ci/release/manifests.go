package main

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"text/template"
)

//go:embed manifests
var manifests embed.FS

// A release is what the manifests of winget, Scoop and Homebrew are made from.
type release struct {
	Version    string // without a v
	Repository string // its address on GitHub
	sums       map[string]string
}

var (
	semantic   = regexp.MustCompile(`^\d+\.\d+\.\d+([-+][0-9A-Za-z.+-]+)?$`)
	repository = regexp.MustCompile(`^https://[^/\s"]+/([^/\s"]+)/[^/\s"]+$`)
)

// writeManifests writes every template below manifests, filled in, to the same path below folder.
// The checksums file has those of the release's archives.
func writeManifests(folder string, r release, checksums string) (err error) {
	if !semantic.MatchString(r.Version) {
		return fmt.Errorf("manifests: %q is no version such as 1.2.3", r.Version)
	}
	if !repository.MatchString(r.Repository) {
		return fmt.Errorf("manifests: %q is no address such as https://github.com/OWNER/qlik-provision", r.Repository)
	}
	if r.sums, err = readChecksums(checksums); err != nil {
		return err
	}
	return fs.WalkDir(manifests, "manifests", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := r.manifest(name)
		if err != nil {
			return err
		}
		// winget wants its files named for the package.
		out := strings.ReplaceAll(strings.TrimPrefix(name, "manifests/"), "PACKAGE", r.Package())
		out = filepath.Join(folder, filepath.FromSlash(out))
		return errors.Join(os.MkdirAll(filepath.Dir(out), 0o755), os.WriteFile(out, text, 0o644))
	})
}

func (r release) manifest(name string) ([]byte, error) {
	// Square brackets: braces mean something in all of these files.
	t, err := template.New(path.Base(name)).Delims("[[", "]]").Option("missingkey=error").ParseFS(manifests, name)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, r); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// Publisher is the owner of the repository.
func (r release) Publisher() string { return repository.FindStringSubmatch(r.Repository)[1] }

// Package is what winget calls the program.
func (r release) Package() string { return r.Publisher() + ".qlik-provision" }

// Name is that of the archive for a platform without its ending, which is also the folder within.
func (r release) Name(system, processor string) string {
	return fmt.Sprintf("qlik-provision_%s_%s_%s", r.Version, system, processor)
}

// URL is where the release has the archive for a platform.
func (r release) URL(system, processor string) string {
	return fmt.Sprintf("%s/releases/download/v%s/%s", r.Repository, r.Version, r.archive(system, processor))
}

// SHA256 is the checksum of that archive. It must be among the checksums.
func (r release) SHA256(system, processor string) (string, error) {
	sum, found := r.sums[r.archive(system, processor)]
	if !found {
		return "", fmt.Errorf("no checksum of %s", r.archive(system, processor))
	}
	return sum, nil
}

func (r release) archive(system, processor string) string {
	if system == "windows" {
		return r.Name(system, processor) + ".zip"
	}
	return r.Name(system, processor) + ".tar.gz"
}
