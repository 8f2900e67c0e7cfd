import { execFileSync } from 'node:child_process';
import { userInfo } from 'node:os';

export interface DovecotPlace {
  readonly imapPort: number;
  /** Sockets; a short path, for the system allows 107 characters. */
  readonly runDir: string;
  readonly dataDir: string;
}

const nobody = 65_534;

/** The user and group that own the mail: Dovecot refuses to read mail as root. */
export function mailOwner(): { uid: number; gid: number } {
  const { uid, gid } = userInfo();
  return uid === 0 ? { uid: nobody, gid: nobody } : { uid, gid };
}

/** A whole `dovecot.conf` for Dovecot 2.3: one private instance that shares nothing with the machine's own. */
export function dovecotSettings({ imapPort, runDir, dataDir }: DovecotPlace): string {
  const { uid, gid } = mailOwner();
  const asRoot = userInfo().uid === 0;
  return `base_dir = ${runDir}
state_dir = ${runDir}
instance_name = tributary-${imapPort}
log_path = ${dataDir}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
${asRoot ? '' : allAsMyself()}
first_valid_uid = 1
passdb {
  driver = passwd-file
  args = scheme=PLAIN username_format=%u ${dataDir}/users
}
userdb {
  driver = static
  args = uid=${uid} gid=${gid} home=${dataDir}/mail/%u
}
mail_location = maildir:${dataDir}/mail/%u
mailbox_idle_check_interval = 1 secs
# Tests try wrong passwords and many connections; neither shall slow them down.
auth_failure_delay = 0
mail_max_userip_connections = 1000
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service imap-login {
  ${asRoot ? '' : 'chroot ='}
  inet_listener imap {
    port = ${imapPort}
  }
  inet_listener imaps {
    port = 0
  }
}
namespace inbox {
  inbox = yes
  separator = /
  mailbox Sent {
    auto = subscribe
    special_use = \\Sent
  }
  mailbox Junk {
    auto = subscribe
    special_use = \\Junk
  }
}
`;
}

/** Root's Dovecot drops to users that the Debian package made; anybody else's has to stay who it is. */
function allAsMyself(): string {
  const { username } = userInfo();
  const group = execFileSync('id', ['-gn'], { encoding: 'utf8' }).trim();
  return `default_internal_user = ${username}
default_login_user = ${username}
default_internal_group = ${group}
service anvil {
  chroot =
}
service stats {
  chroot =
}`;
}

/** The passwords, as a passwd-file. Throws when a name or password would break out of its line or its folder. */
export function dovecotUsers(users: Readonly<Record<string, string>>): string {
  return Object.entries(users)
    .map(([user, password]) => {
      if (!/^[a-z0-9@._+-]+$/.test(user) || user.startsWith('.')) {
        throw new Error(`a Dovecot user is named with lower-case letters, digits and @._+-, not "${user}"`);
      }
      if (!/^[^:\s]+$/.test(password)) throw new Error(`the password of ${user} holds a colon or white space`);
      return `${user}:${password}::::::\n`;
    })
    .join('');
}
