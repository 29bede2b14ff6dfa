package roster_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"qlik-provision/provision/csvfile"
	"qlik-provision/provision/roster"
)

// With -update, what is read now becomes what must be read.
var update = flag.Bool("update", false, "write the expectations of testdata/exports again")

const corpus = "../../testdata/exports"

// A sampleFile is a file of the corpus. The file of the same name with .txt behind it has the flags
// that it is read with, in a line flags: …, and then what it must be read as.
type sampleFile struct {
	path  string
	name  string
	bytes []byte
	flags string
	want  string
}

func samples(t testing.TB, dir string) []sampleFile {
	t.Helper()
	var files []sampleFile
	err := filepath.WalkDir(filepath.Join(corpus, dir), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		want, err := os.ReadFile(path + ".txt")
		if errors.Is(err, fs.ErrNotExist) {
			if !strings.HasSuffix(path, ".txt") {
				t.Errorf("%s has no expectation", path)
			}
			return nil
		}
		s := sampleFile{path: path, name: d.Name(), want: string(want)}
		if rest, ok := strings.CutPrefix(s.want, "flags: "); ok {
			s.flags, s.want, _ = strings.Cut(rest, "\n")
		}
		if s.bytes, err = os.ReadFile(path); err == nil {
			files = append(files, s)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// read reads the file as the command line would with the flags.
func (s sampleFile) read(t testing.TB) (*roster.Roster, error) {
	t.Helper()
	var (
		c csvfile.Options
		o roster.Options
	)
	words := splitFlags(s.flags)
	for i := 0; i+1 < len(words); i += 2 {
		switch v := words[i+1]; words[i] {
		case "--subject":
			o.Subject = v
		case "--name":
			o.Name = v
		case "--email":
			o.Email = v
		case "--roles":
			o.Roles = v
		case "--where":
			o.Where = append(o.Where, v)
		case "--status":
			o.NeedEmail = v == "invited"
		case "--encoding":
			c.Encoding = v
		case "--delimiter":
			c.Delimiter, _ = utf8.DecodeRuneInString(v)
		case "--header-row":
			n, err := strconv.Atoi(v)
			if err != nil {
				t.Fatal(err)
			}
			c.HeaderRow = n
		default:
			t.Fatalf("%s: unknown flag %q", s.name, words[i])
		}
	}
	return read(s.name, s.bytes, c, o)
}

// read reads a file in memory, as create does.
func read(name string, b []byte, c csvfile.Options, o roster.Options) (*roster.Roster, error) {
	c.LooksLikeHeader = roster.LooksLikeHeader
	f, err := csvfile.Read(bytes.NewReader(b), name, c)
	if err != nil {
		return nil, err
	}
	return roster.Read(f, o)
}

// splitFlags cuts at blanks outside single quotes.
func splitFlags(s string) []string {
	var words []string
	quoting := false
	var word strings.Builder
	for _, r := range s + " " {
		switch {
		case r == '\'':
			quoting = !quoting
		case r == ' ' && !quoting:
			if word.Len() > 0 {
				words = append(words, word.String())
			}
			word.Reset()
		default:
			word.WriteRune(r)
		}
	}
	return words
}

func (s sampleFile) compare(t *testing.T, got string) {
	t.Helper()
	if *update {
		text := got
		if s.flags != "" {
			text = "flags: " + s.flags + "\n" + got
		}
		if err := os.WriteFile(s.path+".txt", []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(strings.Split(s.want, "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestExportsAreRead(t *testing.T) {
	files := samples(t, "good")
	if len(files) < 30 {
		t.Fatalf("only %d exports", len(files))
	}
	for _, s := range files {
		t.Run(s.name, func(t *testing.T) {
			r, err := s.read(t)
			if err != nil {
				t.Fatal(err)
			}
			s.compare(t, describe(r))
		})
	}
}

// describe shows all that is read from a file.
func describe(r *roster.Roster) string {
	var b strings.Builder
	f := r.File
	fmt.Fprintln(&b, r.Describe())
	fmt.Fprintf(&b, "line ends %q, plain %v\nheader  %q\n", f.Dialect.LineEnd, f.Dialect.Plain(), f.Header.Cells)
	for _, w := range r.Warnings {
		fmt.Fprintf(&b, "warning %s\n", w.Text)
		if w.Where != "" {
			fmt.Fprintf(&b, "  where %q\n", w.Where)
		}
	}
	for i := range r.Rows {
		row := &r.Rows[i]
		p := &row.Person
		fmt.Fprintf(&b, "\nrow %d, line %d: subject %q, name %q, email %q", i+1, row.Record.Line,
			p.Subject, p.Name, p.Email)
		if len(p.Roles) > 0 {
			fmt.Fprintf(&b, ", roles %q", p.Roles)
		}
		fmt.Fprintf(&b, "\n  cells   %q\n", row.Record.Cells)
		fmt.Fprintf(&b, "  written %s\n", strconv.Quote(string(f.AppendCells(nil, row.Record, 0, len(f.Header.Cells)))))
		switch {
		case row.Skipped:
			fmt.Fprintf(&b, "  skipped %s\n", row.Message)
		case row.Code != "":
			fmt.Fprintf(&b, "  invalid %s: %s\n", row.Code, row.Message)
		}
	}
	return b.String()
}

func TestBrokenFilesAreRefused(t *testing.T) {
	files := samples(t, "bad")
	if len(files) < 30 {
		t.Fatalf("only %d broken files", len(files))
	}
	for _, s := range files {
		t.Run(s.name, func(t *testing.T) {
			_, err := s.read(t)
			var refusal *csvfile.Error
			if !errors.As(err, &refusal) {
				t.Fatalf("got %v, want an *csvfile.Error", err)
			}
			got := "error: " + refusal.Error() + "\n"
			if refusal.Fix.Option != "" {
				got += fmt.Sprintf("fix: %s %q\n", refusal.Fix.Option, refusal.Fix.Value)
			}
			if refusal.Advice != "" {
				got += "advice: " + refusal.Advice + "\n"
			}
			s.compare(t, got)
		})
	}
}

// TestFixesOfRefusalsWork reads each broken file with the option that its refusal suggests.
func TestFixesOfRefusalsWork(t *testing.T) {
	for _, s := range samples(t, "bad") {
		_, err := s.read(t)
		var refusal *csvfile.Error
		if !errors.As(err, &refusal) || refusal.Fix.Value == "" {
			continue
		}
		fixed := s
		fixed.flags = "--" + string(refusal.Fix.Option) + " '" + refusal.Fix.Value + "'"
		if !strings.Contains(s.flags, "--"+string(refusal.Fix.Option)) {
			fixed.flags = s.flags + " " + fixed.flags
		}
		if _, err := fixed.read(t); err != nil {
			t.Errorf("%s: with %s: %v", s.name, fixed.flags, err)
		}
	}
}
