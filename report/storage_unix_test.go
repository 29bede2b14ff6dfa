//go:build unix

package report

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// A storage watches what a run does to a folder, operation by operation, and knows what of it a power cut may
// lose or reorder: the bytes of a file until the file is synced, its names until the folder is. Neither is
// synced with the other. It is safe for concurrent use.
type storage struct {
	t      *testing.T
	folder string
	cuts   []cut

	mu     sync.Mutex
	names  map[string]uint64   // of inodes, as the folder is now
	held   map[uint64]*os.File // open: the number of an open inode is not used again
	disk   disk
	synced func() // by the operation that was watched last
}

// A disk is what a power cut leaves for certain, and what was written since.
type disk struct {
	names   map[string]uint64
	changes []change // of names, in order
	files   map[uint64]contents
}

// A change gives a name to an inode, and takes another name away: "" for none of them.
type change struct {
	to    string
	inode uint64
	gone  string
}

// contents are the bytes of a file that are on the disk, and what was appended since.
type contents struct {
	synced  []byte
	appends [][]byte
}

// A cut is a point before an operation at which the power may fail.
type cut struct {
	next string // the operation
	disk disk
	promise
}

// newStorage watches a folder in which everything is synced.
func newStorage(t *testing.T, folder string) *storage {
	s := &storage{t: t, folder: folder, held: map[uint64]*os.File{}}
	s.disk.files = map[uint64]contents{}
	s.look()
	for inode := range s.disk.files {
		s.syncFile(inode)
	}
	s.syncNames()
	t.Cleanup(func() {
		for _, file := range s.held {
			file.Close()
		}
	})
	return s
}

// tempFolder is a folder in memory where the system has such: the storage is what syncs, and a disk is slow.
func tempFolder(t *testing.T) string {
	folder, err := os.MkdirTemp("/dev/shm", "powercut-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(folder); err != nil {
			t.Error(err)
		}
	})
	return folder
}

// watch notes what was done since the last call and where the power may be cut now, before an operation.
func (s *storage) watch(operation, path string, p promise) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.synced != nil {
		s.synced()
		s.synced = nil
	}
	s.look()
	s.cuts = append(s.cuts, cut{operation + " " + filepath.Base(path), s.disk.clone(), p})
	if operation != "sync" {
		return
	}
	if s.synced = s.syncNames; path != s.folder {
		inode := s.names[filepath.Base(path)]
		s.synced = func() { s.syncFile(inode) }
	}
}

// syncFile puts what was written to a file on the disk.
func (s *storage) syncFile(inode uint64) {
	s.disk.files[inode] = contents{synced: s.disk.files[inode].all()}
}

// syncNames puts what was changed in the folder on the disk.
func (s *storage) syncNames() {
	s.disk.names, s.disk.changes = s.disk.namesAfter(1<<len(s.disk.changes)-1), nil
}

// look finds what changed in the folder.
func (s *storage) look() {
	entries, err := os.ReadDir(s.folder)
	if err != nil {
		s.t.Fatal(err)
	}
	now := map[string]uint64{}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			s.t.Fatal(err)
		}
		inode := info.Sys().(*syscall.Stat_t).Ino
		now[e.Name()] = inode
		path := filepath.Join(s.folder, e.Name())
		if s.held[inode] == nil {
			if s.held[inode], err = os.Open(path); err != nil {
				s.t.Fatal(err)
			}
		}
		file := s.disk.files[inode]
		was, is := file.all(), []byte(read(s.t, path))
		if !bytes.HasPrefix(is, was) {
			s.t.Fatalf("%s was overwritten: the storage knows only files that are appended to", e.Name())
		}
		if len(is) > len(was) {
			file.appends = append(file.appends, is[len(was):])
		}
		s.disk.files[inode] = file
	}
	s.lookAtNames(now)
}

func (s *storage) lookAtNames(now map[string]uint64) {
	was := s.names
	s.names = now
	var gone []string
	for name := range was {
		if now[name] == 0 {
			gone = append(gone, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(now)) {
		if was[name] == now[name] {
			continue
		}
		c := change{to: name, inode: now[name]}
		if i := slices.IndexFunc(gone, func(name string) bool { return was[name] == c.inode }); i >= 0 {
			c.gone = gone[i] // it was renamed
			gone = slices.Delete(gone, i, i+1)
		}
		s.disk.changes = append(s.disk.changes, c)
	}
	for _, name := range gone {
		s.disk.changes = append(s.disk.changes, change{gone: name})
	}
}

func (d disk) clone() disk {
	d.names, d.files = maps.Clone(d.names), maps.Clone(d.files)
	d.changes = slices.Clone(d.changes)
	for inode, file := range d.files {
		file.appends = slices.Clone(file.appends)
		d.files[inode] = file
	}
	return d
}

// namesAfter are the names when of the changes those survive whose bit is set.
func (d disk) namesAfter(survive int) map[string]uint64 {
	names := map[string]uint64{}
	maps.Copy(names, d.names)
	for i, c := range d.changes {
		if survive&(1<<i) == 0 {
			continue
		}
		if c.to != "" {
			names[c.to] = c.inode
		}
		delete(names, c.gone)
	}
	return names
}

// A leftover is a folder after a power cut: the contents of its files by name.
type leftover map[string]string

func (l leftover) key() string {
	var key strings.Builder
	for _, name := range slices.Sorted(maps.Keys(l)) {
		fmt.Fprintf(&key, "%s\x00%s\x00", name, l[name])
	}
	return key.String()
}

// leftovers are the folders that a cut may leave, by key: any of the changes of names survived, with any of
// the appended bytes of each file.
func (d disk) leftovers() map[string]leftover {
	found := map[string]leftover{}
	for survive := range 1 << len(d.changes) {
		folders := []leftover{{}}
		for name, inode := range d.namesAfter(survive) {
			file := d.files[inode]
			survivals := file.survivals()
			if strings.HasSuffix(name, ".unfinished") || strings.HasSuffix(name, ".lock") {
				survivals = []string{string(file.all())} // nobody reads it
			}
			var product []leftover
			for _, folder := range folders {
				for _, text := range survivals {
					folder := maps.Clone(folder)
					folder[name] = text
					product = append(product, folder)
				}
			}
			folders = product
		}
		for _, folder := range folders {
			found[folder.key()] = folder
		}
	}
	return found
}

func (c contents) all() []byte { return slices.Concat(append([][]byte{c.synced}, c.appends...)...) }

// survivals are what a file may hold after a power cut: any of its unsynced appends, with zeros in the place of
// the others; the last of them torn; of its full length, or as long as what survived; or anything in the place
// of all that was not synced.
func (c contents) survivals() []string {
	found := map[string]bool{}
	for keep := range 1 << len(c.appends) {
		all := slices.Clone(c.synced)
		from, end := len(all), len(all) // of the last append that survived
		for i, b := range c.appends {
			if keep&(1<<i) == 0 {
				all = append(all, make([]byte, len(b))...)
				continue
			}
			from, end = len(all), len(all)+len(b)
			all = append(all, b...)
		}
		middle := (from + end) / 2
		found[string(all)] = true
		found[string(all[:end])] = true
		found[string(all[:middle])] = true
		for _, lost := range [][2]int{{from, middle}, {middle, end}} {
			torn := slices.Clone(all)
			clear(torn[lost[0]:lost[1]])
			found[string(torn)] = true
		}
	}
	if len(c.appends) > 0 {
		garbage := []byte(strings.Repeat("\xa5\n,\"\x00", len(c.all())))[:len(c.all())]
		copy(garbage, c.synced)
		found[string(garbage)] = true
	}
	return slices.Sorted(maps.Keys(found))
}
