package ingest

import (
	"encoding/binary"
	"fmt"
	"os"
	"os/user"
	"strconv"

	"golang.org/x/sys/unix"
)

// shareSocket sets who may write. There is no moment before in which others
// might: to write takes the permission to write (unix(7)), which a new socket
// gives to its owner alone under every usual umask, and the credentials are
// looked at besides.
func shareSocket(path, group string) error {
	if err := os.Chmod(path, 0o600); err != nil || group == "" {
		return err
	}
	g, err := user.LookupGroup(group)
	if err != nil {
		return err
	}
	id, err := strconv.ParseUint(g.Gid, 10, 32)
	if err != nil {
		return fmt.Errorf("group %s: %w", group, err)
	}
	if err := unix.Setxattr(path, accessList, groupMayWrite(uint32(id)), 0); err != nil {
		return fmt.Errorf("let group %s write: %w", group, err)
	}
	return nil
}

// accessList is the extended attribute of a file's access list. The owner may
// set it, whereas to give the file to a group takes CAP_CHOWN, which the
// service does not have.
const accessList = "system.posix_acl_access"

// groupMayWrite is the access list that lets the owner and one group read and
// write (linux/posix_acl_xattr.h and linux/posix_acl.h).
func groupMayWrite(group uint32) []byte {
	const version = 2
	const owner, ownerGroup, namedGroup, mask, other = 0x01, 0x04, 0x08, 0x10, 0x20
	const none, readWrite = 0, 6
	const nobody = ^uint32(0)
	list := binary.LittleEndian.AppendUint32(nil, version)
	for _, e := range []struct {
		tag, may uint16
		id       uint32
	}{
		{owner, readWrite, nobody},
		{ownerGroup, none, nobody},
		{namedGroup, readWrite, group},
		{mask, readWrite, nobody},
		{other, none, nobody},
	} {
		list = binary.LittleEndian.AppendUint16(list, e.tag)
		list = binary.LittleEndian.AppendUint16(list, e.may)
		list = binary.LittleEndian.AppendUint32(list, e.id)
	}
	return list
}
