"""Operations of POSIX on one directory, told so that two directories can be compared: results, error numbers and bytes.

What differs between sound file systems is left out where it is told: sizes and links of directories, blocks, times that nobody set."""
import ctypes
import errno
import fcntl
import mmap
import os
import stat
import time

_libc = ctypes.CDLL(None, use_errno=True)
AT_FDCWD = -100
RENAME_NOREPLACE, RENAME_EXCHANGE = 1, 2
FALLOC_KEEP_SIZE, FALLOC_PUNCH_HOLE = 1, 2
# Times that operations set end here; a later one is the clock's, and only "now" is told of it.
LATEST_SET_NS = 1_500_000_000 * 10**9
LARGEST_COMPARED = 80 << 20
# On the reference, a directory that is there only because an object is below it. It goes with its last object, as long as nothing was done to it by its name.
IMPLIED = "trusted.implied"


def _call(function, *arguments):
    if function(*arguments) < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def renameat2(source, target, flags):
    _call(_libc.renameat2, AT_FDCWD, os.fsencode(source), AT_FDCWD, os.fsencode(target), ctypes.c_uint(flags))


def fallocate(descriptor, mode, offset, size):
    _call(_libc.fallocate, descriptor, mode, ctypes.c_int64(offset), ctypes.c_int64(size))


_UNITS = b"".join(b"@@@@%04x" % number for number in range(1 << 16))


def pattern(seed, size):
    """Bytes that tell where they are from."""
    units = _UNITS * (1 + size // len(_UNITS)) if size > len(_UNITS) else _UNITS[:size + 8]
    return units.replace(b"@@@@", b"%04x" % (seed >> 16 & 0xFFFF))[:size]


def time_told(nanoseconds):
    return nanoseconds if nanoseconds <= LATEST_SET_NS else "now"


def told(status):
    kind = stat.S_IFMT(status.st_mode)
    common = (stat.filemode(status.st_mode), status.st_uid, status.st_gid)
    if kind == stat.S_IFREG:
        return (*common, status.st_size, status.st_nlink, time_told(status.st_mtime_ns))
    if kind == stat.S_IFLNK:
        return (*common, status.st_size)
    return common if status.st_nlink else "removed"  # its mode went with it


class World:
    """One of the two. Descriptors and mappings live in slots. An operation is (name, arguments...); names are relative paths."""

    def __init__(self, root, mapped_times=True):
        self.root, self.descriptors, self.mappings = root, {}, {}
        self.mapped_times = mapped_times

    def at(self, path):
        return os.path.join(self.root, path)

    def do(self, operation):
        """What it returns, or the name of its error."""
        name, *arguments = operation
        try:
            return getattr(self, "op_" + name)(*arguments)
        except OSError as error:
            return errno.errorcode.get(error.errno, error.errno)

    def close_all(self):
        for mapping in self.mappings.values():
            mapping.close()
        self.mappings.clear()
        for descriptor in self.descriptors.values():
            try:
                os.close(descriptor)
            except OSError:
                pass
        self.descriptors.clear()

    # ---- descriptors ----

    def op_open(self, slot, path, flags, mode):
        if slot in self.descriptors:
            return self.op_close(slot)
        self.descriptors[slot] = os.open(self.at(path), flags | os.O_CLOEXEC, mode)
        return "open"

    def op_duplicate(self, slot, other):
        if slot in self.descriptors and other not in self.descriptors:
            self.descriptors[other] = os.dup(self.descriptors[slot])
            return "duplicated"
        return None

    def op_close(self, slot):
        if slot not in self.descriptors:
            return None
        os.close(self.descriptors.pop(slot))
        return "closed"

    def _with(self, slot, body):
        return body(self.descriptors[slot]) if slot in self.descriptors else None

    def op_read(self, slot, size):
        return self._with(slot, lambda fd: os.read(fd, size))

    def op_pread(self, slot, size, offset):
        return self._with(slot, lambda fd: os.pread(fd, size, offset))

    def op_write(self, slot, seed, size):
        return self._with(slot, lambda fd: os.write(fd, pattern(seed, size)))

    def op_pwrite(self, slot, seed, size, offset):
        return self._with(slot, lambda fd: os.pwrite(fd, pattern(seed, size), offset))

    def op_writev(self, slot, seed, sizes):
        return self._with(slot, lambda fd: os.writev(fd, [pattern(seed + i, size) for i, size in enumerate(sizes)]))

    def op_ftruncate(self, slot, size):
        return self._with(slot, lambda fd: os.ftruncate(fd, size))

    def op_lseek(self, slot, offset, whence):
        def seek(fd):
            if stat.S_ISDIR(os.fstat(fd).st_mode):
                return None  # positions in directories are the file system's own
            return os.lseek(fd, offset, whence)
        return self._with(slot, seek)

    def op_holes(self, slot):
        """Holes are where each file system puts them; what it says must be true of the bytes. Told is only what is wrong."""
        def check(fd):
            status = os.fstat(fd)
            if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST_COMPARED:
                return None
            before, position, size = os.lseek(fd, 0, os.SEEK_CUR), 0, status.st_size
            try:
                while position < size:
                    try:
                        data = os.lseek(fd, position, os.SEEK_DATA)
                    except OSError as error:
                        if error.errno != errno.ENXIO:
                            raise
                        data = size
                    if not position <= data <= size:
                        return f"data at {data} behind {position} of {size}"
                    if data > position and self._readable(fd) and os.pread(fd, data - position, position).strip(b"\0"):
                        return f"a hole from {position} to {data} holds data"
                    if data == size:
                        break
                    position = os.lseek(fd, data, os.SEEK_HOLE)
                    if not data < position <= size:
                        return f"a hole at {position} behind {data} of {size}"
                for whence in (os.SEEK_DATA, os.SEEK_HOLE):
                    try:
                        return f"something at the end: {os.lseek(fd, size, whence)}"
                    except OSError as error:
                        if error.errno != errno.ENXIO:
                            raise
            finally:
                os.lseek(fd, before, os.SEEK_SET)
            return "holes"
        return self._with(slot, check)

    @staticmethod
    def _readable(fd):
        return fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE != os.O_WRONLY

    def op_punch(self, slot, offset, size):
        """Not behind the end, where nothing changes: whether the time does is the file system's own."""
        def punch(fd):
            status = os.fstat(fd)
            if not stat.S_ISREG(status.st_mode) or offset < status.st_size:
                fallocate(fd, FALLOC_PUNCH_HOLE | FALLOC_KEEP_SIZE, offset, size)
        return self._with(slot, punch)

    def op_allocate(self, slot, offset, size):
        return self._with(slot, lambda fd: fallocate(fd, 0, offset, size))

    def op_fsync(self, slot, data_only):
        return self._with(slot, os.fdatasync if data_only else os.fsync)

    def op_fstat(self, slot):
        return self._with(slot, lambda fd: told(os.fstat(fd)))

    def op_fchmod(self, slot, mode):
        return self._with(slot, lambda fd: os.fchmod(fd, mode))

    def op_futimens(self, slot, accessed, modified):
        def set_times(fd):
            os.utime(fd, ns=(accessed, modified))
            status = os.fstat(fd)
            return status.st_mtime_ns if stat.S_ISREG(status.st_mode) else None
        return self._with(slot, set_times)

    def op_flist(self, slot):
        return self._with(slot, lambda fd: sorted(os.listdir(fd)))

    def op_copy_range(self, slot, other, size, offset, to):
        if slot not in self.descriptors or other not in self.descriptors:
            return None
        left, at = size, 0
        while left:  # how much at once is the file system's own
            done = os.copy_file_range(self.descriptors[slot], self.descriptors[other], left, offset + at, to + at)
            if not done:
                break
            left, at = left - done, at + done
        return at

    # ---- mappings ----

    def op_mapped(self, slot, shared, seed, offset, size):
        """Maps the whole of a file, reads, and writes when it is `shared`."""
        def use(fd):
            length = os.fstat(fd).st_size
            if not 0 < length <= LARGEST_COMPARED or not stat.S_ISREG(os.fstat(fd).st_mode):
                return None
            with mmap.mmap(fd, length, mmap.MAP_SHARED, mmap.PROT_READ | (mmap.PROT_WRITE if shared else 0)) as mapping:
                begin = offset % length
                before = mapping[begin:begin + size]
                if shared:
                    mapping[begin:begin + len(before)] = pattern(seed, len(before))
                    mapping.flush()
                    self._written_through_a_mapping(fd)
                return before
        return self._with(slot, use)

    def _written_through_a_mapping(self, fd):
        """What a file system does by itself."""

    def op_map(self, slot, index):
        """A mapping that stays."""
        def use(fd):
            length = os.fstat(fd).st_size
            if index in self.mappings or not 0 < length <= LARGEST_COMPARED or not stat.S_ISREG(os.fstat(fd).st_mode):
                return None
            self.mappings[index] = mmap.mmap(fd, length, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
            return length
        return self._with(slot, use)

    def op_unmap(self, index):
        if index in self.mappings:
            self.mappings.pop(index).close()

    def op_map_read(self, index, offset, size):
        return self._mapped(index, offset, size, lambda mapping, begin, end: mapping[begin:end])

    def op_map_write(self, index, seed, offset, size):
        def write(mapping, begin, end):
            mapping[begin:end] = pattern(seed, end - begin)
        return self._mapped(index, offset, size, write)

    def op_map_sync(self, index):
        return self._mapped(index, 0, 1, lambda mapping, _begin, _end: mapping.flush())

    def _mapped(self, index, offset, size, body):
        """What a file lost behind its end must not be touched: it is SIGBUS."""
        if index not in self.mappings:
            return None
        mapping = self.mappings[index]
        there = min(len(mapping), mapping.size())
        begin = offset % len(mapping)
        return body(mapping, begin, min(begin + size, there)) if begin < there else None

    # ---- names ----

    def op_stat(self, path):
        return told(os.stat(self.at(path)))

    def op_lstat(self, path):
        return told(os.lstat(self.at(path)))

    def op_access(self, path, mode):
        return os.access(self.at(path), mode)

    def op_list(self, path):
        with os.scandir(self.at(path)) as entries:
            return sorted((entry.name, entry.is_dir(follow_symlinks=False), entry.is_symlink()) for entry in entries)

    def op_rename(self, source, target, flags):
        if flags:
            renameat2(self.at(source), self.at(target), flags)
        else:
            os.rename(self.at(source), self.at(target))

    def op_unlink(self, path):
        os.unlink(self.at(path))

    def op_mkdir(self, path, mode):
        os.mkdir(self.at(path), mode)

    def op_rmdir(self, path):
        os.rmdir(self.at(path))

    def op_symlink(self, target, path):
        os.symlink(target, self.at(path))

    def op_readlink(self, path):
        return os.readlink(self.at(path))

    def op_truncate(self, path, size):
        os.truncate(self.at(path), size)

    def op_chmod(self, path, mode):
        os.chmod(self.at(path), mode)

    def op_chown(self, path, user, group):
        """Only where no bits are that a change of owner clears."""
        mode = os.stat(self.at(path)).st_mode
        if stat.S_ISREG(mode) and mode & 0o7111:
            return "left out"
        os.chown(self.at(path), user, group)
        return None

    def op_utimens(self, path, accessed, modified, follow):
        os.utime(self.at(path), ns=(accessed, modified), follow_symlinks=follow)
        return os.stat(self.at(path), follow_symlinks=follow).st_mtime_ns

    def op_setxattr(self, path, name, value, flags):
        os.setxattr(self.at(path), name, value, flags)

    def op_getxattr(self, path, name):
        return os.getxattr(self.at(path), name)

    def op_listxattr(self, path):
        return sorted(name for name in os.listxattr(self.at(path)) if name.startswith("user."))

    def op_removexattr(self, path, name):
        os.removexattr(self.at(path), name)

    def op_content(self, path):
        """Of a regular file, by a descriptor of its own."""
        descriptor = os.open(self.at(path), os.O_RDONLY | os.O_CLOEXEC)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return None
            pieces = []
            while piece := os.read(descriptor, 1 << 20):
                pieces.append(piece)
            return b"".join(pieces)
        finally:
            os.close(descriptor)

    # ---- all that is there ----

    def tree(self):
        """{path: (what stat tells, extended attributes, bytes or target)}"""
        found = {}
        for folder, folders, files in os.walk(self.root):
            for name in folders + files:
                path = os.path.join(folder, name)
                status = os.lstat(path)
                facts = told(status)
                if not self.mapped_times and stat.S_ISREG(status.st_mode):
                    facts = facts[:-1]
                attributes, content = (), None
                if stat.S_ISLNK(status.st_mode):
                    content = os.readlink(path)
                else:
                    attributes = tuple(sorted((key, os.getxattr(path, key)) for key in os.listxattr(path) if key.startswith("user.")))
                if stat.S_ISREG(status.st_mode):
                    content = self.do(("content", os.path.relpath(path, self.root)))
                found[os.path.relpath(path, self.root)] = (facts, attributes, content)
        return found


class Reference(World):
    """The directory on tmpfs: what is done by name to a directory that objects imply makes it one of its own."""

    NAMED = {"chmod", "utimens", "setxattr", "removexattr", "chown"}

    def do(self, operation):
        name, *arguments = operation
        result = super().do(operation)
        if name in self.NAMED and self._implied(arguments[0]) and not isinstance(result, str):
            self._own(arguments[0])
        if name in ("unlink", "rmdir", "rename") and result is None:
            parent = os.path.dirname(arguments[0])
            if self._implied(parent) and not os.listdir(self.at(parent)):
                self._own(parent)
        return result

    def _written_through_a_mapping(self, fd):
        """POSIX has the time change; tmpfs changes it with the first fault of a page only."""
        status = os.fstat(fd)
        os.utime(fd, ns=(status.st_atime_ns, time.time_ns()))

    def _implied(self, path):
        try:
            return os.getxattr(self.at(path), IMPLIED) == b"1"
        except OSError:
            return False

    def _own(self, path):
        os.removexattr(self.at(path), IMPLIED)

    # ---- what objects do ----

    def fits(self, key):
        """May the object `key` be put without hiding a name, or being hidden by one?"""
        parts = key.split("/")
        for i in range(1, len(parts)):
            path = self.at("/".join(parts[:i]))
            if os.path.islink(path) or (os.path.exists(path) and not os.path.isdir(path)):
                return False
        return not os.path.isdir(self.at(key)) or os.path.islink(self.at(key))

    def put(self, key, content, attributes):
        """A new file in the place of what was there, and directories as they are needed."""
        parts = key.split("/")
        for i in range(1, len(parts)):
            path = self.at("/".join(parts[:i]))
            if not os.path.isdir(path):
                os.mkdir(path)
                self._as_an_object(path, "folder")
                os.setxattr(path, IMPLIED, b"1")
        new = self.root + ".new"
        with open(new, "wb") as file:
            file.write(content)
        self._as_an_object(new, "file")
        for name, value in attributes.items():
            os.setxattr(new, "user." + name, value.encode())
        os.rename(new, self.at(key))

    def _as_an_object(self, path, kind):
        """`defaults`: mode, owner and group of what has no attributes of its own."""
        mode, user, group = self.defaults[kind]
        os.chown(path, user, group)
        os.chmod(path, mode)

    def delete(self, key):
        if not os.path.lexists(self.at(key)) or os.path.isdir(self.at(key)) and not os.path.islink(self.at(key)):
            return
        parent = os.path.dirname(key)
        if any(os.path.islink(self.at("/".join(key.split("/")[:i]))) for i in range(1, key.count("/") + 1)):
            return  # no object has a key through a link
        os.unlink(self.at(key))
        while parent and self._implied(parent) and not os.listdir(self.at(parent)):
            os.rmdir(self.at(parent))
            parent = os.path.dirname(parent)

    def objects(self):
        """{key: bytes} of all that a listing shows, directories by their markers."""
        found = {}
        for folder, folders, files in os.walk(self.root):
            for name in folders + files:
                path = os.path.join(folder, name)
                key = os.path.relpath(path, self.root)
                if os.path.islink(path):
                    found[key] = os.fsencode(os.readlink(path))
                elif not os.path.isdir(path):
                    found[key] = self.op_content(key)
                elif not self._implied(key):
                    found[key + "/"] = b""
        return found
