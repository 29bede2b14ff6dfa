package report

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"qlik-provision/provision"
)

// mostLine is how long a line of a journal can be.
const mostLine = 1 << 20

// A replay is a journal that is read. A nil replay has nothing in it.
type replay struct {
	name  string
	file  *os.File
	head  []string // the first line's cells
	lines []mark   // by row, then as they came

	ahead []byte // what was read last: rows are settled nearly in the file's order, so the next one's line mostly stands in it
	from  int64  // where that stands

	torn int // lines dropped at the end, from the first that is not whole
}

// A mark is where a row's outcome stands.
type mark struct {
	offset int64
	row    int32
	size   int32
}

// openReplay reads the journal at path, nil where there is none.
func openReplay(path, name string) (*replay, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	r := &replay{name: name, file: file}
	if err := r.index(); err != nil {
		return nil, both(fmt.Errorf("reading %s: %w", name, err), file.Close())
	}
	return r, nil
}

// index finds the lines. The first that is not whole ends the journal: nobody knows what was to follow it.
func (r *replay) index() error {
	in := bufio.NewReaderSize(io.NewSectionReader(r.file, 0, 1<<62), 64<<10)
	var offset int64
	for first := true; ; first = false {
		line, err := wholeLine(in)
		if err != nil {
			return err
		}
		body, ok := verify(line)
		if !ok {
			if r.torn, err = linesLeft(in, line); err != nil {
				return err
			}
			break
		}
		if first {
			if r.head, ok = splitLine(body); !ok || r.head[0] != journalMagic {
				r.head = nil
				if r.torn, err = linesLeft(in, line); err != nil {
					return err
				}
				break
			}
		} else {
			n, _ := rowNumber(string(body[bytes.LastIndexByte(body, ',')+1:])) // 0 is no row's, and dropped for that
			r.lines = append(r.lines, mark{offset, int32(n), int32(len(line))})
		}
		offset += int64(len(line))
	}
	slices.SortStableFunc(r.lines, func(a, b mark) int { return cmp.Compare(a.row, b.row) })
	return nil
}

// wholeLine reads a line with its end, or what there is where there is none. It is valid until the next.
func wholeLine(in *bufio.Reader) ([]byte, error) {
	line, err := in.ReadSlice('\n')
	if err == bufio.ErrBufferFull {
		long := bytes.Clone(line)
		for err == bufio.ErrBufferFull && len(long) < mostLine {
			line, err = in.ReadSlice('\n')
			long = append(long, line...)
		}
		line = long
	}
	if err == io.EOF || err == bufio.ErrBufferFull {
		err = nil
	}
	return line, err
}

// linesLeft counts a broken line and those behind it, none where nothing is left.
func linesLeft(in *bufio.Reader, line []byte) (int, error) {
	n := 0
	for len(line) > 0 {
		n++
		var err error
		if line, err = wholeLine(in); err != nil {
			return 0, err
		}
	}
	return n, nil
}

// verify takes the checksum off a line, and reports whether the line is whole.
func verify(line []byte) ([]byte, bool) {
	i := bytes.LastIndexByte(line, ',')
	if i < 0 || len(line)-i != len(",00000000\n") || line[len(line)-1] != '\n' {
		return nil, false
	}
	var sum [8]byte
	return line[:i], bytes.Equal(appendChecksum(sum[:0], line[:i]), line[i+1:len(line)-1])
}

// splitLine cuts a line into the cells that journalLine made it of, and reports whether it can be one of those.
func splitLine(body []byte) ([]string, bool) {
	cells := make([]string, 0, columns)
	for rest := string(body); ; {
		cell, more, found := strings.Cut(rest, ",")
		if strings.HasPrefix(rest, `"`) {
			var ok bool
			if cell, more, ok = unquote(rest); !ok {
				return nil, false
			}
			found = more != ""
			more = strings.TrimPrefix(more, ",")
		}
		cells = append(cells, cell)
		if !found {
			return cells, true
		}
		rest = more
	}
}

// unquote takes the quoted cell off with which s begins; rest is empty, or begins with the comma behind it.
func unquote(s string) (cell, rest string, ok bool) {
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] != '"':
		case strings.HasPrefix(s[i:], `""`):
			i++
		default:
			rest = s[i+1:]
			return strings.ReplaceAll(s[1:i], `""`, `"`), rest, rest == "" || rest[0] == ','
		}
	}
	return "", "", false
}

// of lays the journal over what the ledger says of a row: an outcome counts when row, subject and tenant are the ledger's and the
// row is not done. counted is how many lines are the row's, whether or not they changed something.
func (r *replay) of(ledger Entry) (e Entry, changed bool, counted int, err error) {
	if r == nil {
		return ledger, false, 0, nil
	}
	i, _ := slices.BinarySearchFunc(r.lines, ledger.Row, func(m mark, row int) int { return cmp.Compare(int(m.row), row) })
	e = ledger
	for ; i < len(r.lines) && int(r.lines[i].row) == ledger.Row; i++ {
		at, ok, err := r.read(r.lines[i])
		if err != nil {
			return ledger, false, 0, err
		}
		if !ok || at.Row != ledger.Row || !sameSubject(at.UserSubject, ledger.UserSubject) || ledger.Tenant != "" && !strings.EqualFold(at.Tenant, ledger.Tenant) {
			continue
		}
		counted++
		if !done(e.Outcome) {
			e, changed = at, true
			e.UserSubject = ledger.UserSubject
		}
	}
	return e, changed, counted, nil
}

func sameSubject(a, b string) bool { return strings.TrimSpace(a) == strings.TrimSpace(b) }

// read decodes a line; not ok where its cells are no outcome's.
func (r *replay) read(m mark) (e Entry, ok bool, err error) {
	line, err := r.at(m)
	if err != nil {
		return Entry{}, false, fmt.Errorf("reading %s: %w", r.name, err)
	}
	body, ok := verify(line)
	if !ok { // it was whole when it was indexed, and a journal only grows
		return Entry{}, false, fmt.Errorf("reading %s: it changed while it was being read", r.name)
	}
	row, ok := splitLine(body)
	if !ok || len(row) != columns {
		return Entry{}, false, nil
	}
	if e, err = entryFrom(row); err != nil || e.Outcome == provision.Duplicate {
		return Entry{}, false, nil
	}
	// Whoever can write a journal can make checksums: what it says is fit for a cell only when it was made so.
	e.UserID, e.Message, e.ErrorCode, e.TraceID, e.Tenant = tameID(e.UserID), tame(e.Message), tame(e.ErrorCode), tame(e.TraceID), clean(e.Tenant)
	return e, true, nil
}

// readAhead is how much of a journal is read at a time, in bytes.
const readAhead = 64 << 10

// at is the line that m marks, valid until the next.
func (r *replay) at(m mark) ([]byte, error) {
	i := m.offset - r.from
	if i < 0 || i+int64(m.size) > int64(len(r.ahead)) {
		r.ahead = slices.Grow(r.ahead[:0], max(readAhead, int(m.size)))[:max(readAhead, int(m.size))]
		n, err := r.file.ReadAt(r.ahead, m.offset)
		if n < int(m.size) {
			r.ahead = r.ahead[:0]
			return nil, err
		}
		r.ahead, r.from, i = r.ahead[:n], m.offset, 0
	}
	return r.ahead[i : i+int64(m.size)], nil
}

// size is how many outcomes there are.
func (r *replay) size() int {
	if r == nil {
		return 0
	}
	return len(r.lines)
}

func (r *replay) close() error {
	if r == nil {
		return nil
	}
	return r.file.Close()
}

// dropped says what of the journal does not count, "" where all of it does.
func (r *replay) dropped(counted int) string {
	if r == nil {
		return ""
	}
	var why []string
	if r.torn > 0 {
		why = append(why, fmt.Sprintf("%d cut short or damaged", r.torn))
	}
	if strange := len(r.lines) - counted; strange > 0 {
		why = append(why, fmt.Sprintf("%d of no row in this file", strange))
	}
	if why == nil {
		return ""
	}
	return fmt.Sprintf("%s: %d of %d lines dropped: %s", r.name, len(r.lines)-counted+r.torn, len(r.lines)+r.torn, strings.Join(why, ", "))
}

// holder is who the journal at path says it belongs to, "" where it does not say, or where that process is gone: then it is the
// journal of a run that was killed, and the lock is somebody else's.
func holder(path string) string {
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer file.Close()
	line, err := wholeLine(bufio.NewReader(file))
	if err != nil {
		return ""
	}
	body, ok := verify(line)
	if !ok {
		return ""
	}
	head, ok := splitLine(body)
	if !ok || len(head) != 4 || head[0] != journalMagic || !alive(head[1], head[2]) {
		return ""
	}
	return fmt.Sprintf("process %s on %s, since %s", head[1], head[2], head[3])
}

// alive reports whether a process may be running: on another host nobody knows.
func alive(pid, host string) bool {
	here, err := os.Hostname()
	if err != nil || clean(here) != host {
		return true
	}
	n, err := strconv.Atoi(pid)
	if err != nil {
		return false
	}
	p, err := os.FindProcess(n)
	if err != nil {
		return false
	}
	defer p.Release()
	if runtime.GOOS == "windows" {
		return true // it was found
	}
	err = p.Signal(syscall.Signal(0))
	return err == nil || errors.Is(err, syscall.EPERM)
}
