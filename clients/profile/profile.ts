/**
 * A profile: one person's identity, session and pins on this machine.
 *
 *     SOTTO_HOME/profiles/NAME/   0700
 *       profile.key               0600  32 random bytes, or those under a passphrase (key-file.ts)
 *       profile.sealed            0600  everything else, sealed under that key (seal.ts)
 *       profile.lock              held for as long as one of the two is being written
 *       receive.lock, messenger.lock   held by the process that receives, or owns the conversations (process-locks.ts)
 *       agent.sock                0600  where that process serves other programs of the user (clients/agent)
 *       messenger.sock            where the owner of the conversations answers other processes (talking.ts)
 *
 * Several processes may use a profile at once, such as a `sotto send` beside a `sotto receive`: no change of any is lost
 * (state-file.ts).
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { SottoError } from '#lib/errors.ts'
import { keyPairFrom } from '#lib/noise/primitives.ts'
import { IDENTITY_KEY_BYTES } from '#lib/protocol.ts'
import { ensurePrivateDirectory } from '#lib/runtime/files.ts'
import { Secret } from '#lib/secret.ts'
import { USERNAME } from '#lib/validation.ts'
import type { Change } from './change-queue.ts'
import {
  createKeyFile,
  keyDamaged,
  type LoadedKey,
  openKeyFile,
  type Protection,
  readKeyFile,
  replaceKeyFile,
  type UnlockKey,
  type WrapKey,
  withoutPassphrase,
} from './key-file.ts'
import { takeWriteLock } from './lock.ts'
import { firstLoginLine, loginLine, profileFlag } from './login-line.ts'
import type { ProfileState, Session, SignedIn } from './state.ts'
import { readSealedState, StateFile } from './state-file.ts'
import { WRAPPING_COST, type WrappingCost, wrapKey } from './wrapped-key.ts'

export interface CreateOptions {
  /** Called if there is a profile, and its key is under a passphrase. */
  readonly unlock?: UnlockKey
  readonly passphrase?: Secret
  /** The cost of trying the passphrase. */
  readonly cost?: WrappingCost
}

export class Profile {
  readonly name: string
  readonly #folder: string
  /** The key, in memory for as long as this object, so that a passphrase is asked for once. */
  readonly #key: Secret
  readonly #file: StateFile
  #protection: Protection

  private constructor(name: string, folder: string, { key, protection }: LoadedKey, file: StateFile) {
    this.name = name
    this.#folder = folder
    this.#key = key
    this.#protection = protection
    this.#file = file
  }

  /**
   * Open a profile.
   *
   * @param home - SOTTO_HOME.
   * @param unlock - Called if the profile's key is under a passphrase.
   * @throws SottoError `ERR_PROFILE_MISSING` if there is none; `ERR_PROFILE_DAMAGED` if it was changed, cut off, or
   *   belongs to another key; `ERR_CONFIG` if its key lies open to others; `ERR_USAGE` if the name can be none; what
   *   `unlock` throws, `ERR_PASSPHRASE` as a rule.
   */
  static async open(home: string, name: string, unlock: UnlockKey = withoutPassphrase): Promise<Profile> {
    const profile = await Profile.#load(name, folderOf(home, name), unlock)
    if (profile !== undefined) return profile
    const flag = profileFlag(name)
    throw new SottoError('ERR_PROFILE_MISSING', `there is no profile named ${name}`, {
      hint: `take up an invite with: sotto join${flag}; or sign in with: ${firstLoginLine(name)}`,
    })
  }

  /**
   * Open a profile, or make a new one with an identity key of its own.
   *
   * @param options.passphrase - For a new one, so that its key is never on the disk in the clear.
   * @throws SottoError as {@link Profile.open}, but for `ERR_PROFILE_MISSING`.
   */
  static async openOrCreate(home: string, name: string, options: CreateOptions = {}): Promise<Profile> {
    const { unlock = withoutPassphrase, passphrase, cost } = options
    const folder = folderOf(home, name)
    // Without the lock, which other processes must not wait for while somebody types a passphrase.
    const profile = await Profile.#load(name, folder, unlock)
    if (profile !== undefined) return profile
    await ensurePrivateDirectory(folder)
    const wrap: WrapKey = async (key) => (passphrase ? await wrapKey(key, passphrase, cost) : key.reveal())
    const lock = await takeWriteLock(folder)
    try {
      return (await Profile.#load(name, folder, unlock)) ?? (await Profile.#create(name, folder, unlock, wrap))
    } finally {
      lock.release()
    }
  }

  static async #load(name: string, folder: string, unlock: UnlockKey): Promise<Profile | undefined> {
    const sealed = await readSealedState(folder)
    if (sealed === undefined) return undefined
    const keyFile = await readKeyFile(folder)
    if (keyFile === undefined) throw keyDamaged()
    try {
      const loaded = await openKeyFile(keyFile, name, unlock)
      return new Profile(name, folder, loaded, StateFile.open(folder, loaded.key, sealed))
    } catch (error) {
      // Another process may have put another file in its place just now, and overwritten what was being read here.
      const now = await readKeyFile(folder)
      if (now === undefined || Buffer.compare(now, keyFile) === 0) throw error
      return Profile.#load(name, folder, unlock)
    }
  }

  static async #create(name: string, folder: string, unlock: UnlockKey, wrap: WrapKey): Promise<Profile> {
    // A key without a profile is what a crash between these two writings leaves; it serves as well as a new one.
    const keyFile = await readKeyFile(folder)
    const loaded = keyFile === undefined ? await createKeyFile(folder, wrap) : await openKeyFile(keyFile, name, unlock)
    const identity = keyPairFrom(Secret.of(randomBytes(IDENTITY_KEY_BYTES)))
    const file = await StateFile.create(folder, loaded.key, {
      identity,
      account: undefined,
      pins: new Map(),
      blocked: new Set(),
      receipts: false,
      reach: 'any',
    })
    return new Profile(name, folder, loaded, file)
  }

  /** The protection of the profile, as far as this process knows. */
  get protection(): Protection {
    return this.#protection
  }

  /**
   * Protect the profile by a passphrase from now on, or without one by the permissions of its key file alone. The key
   * itself stays the same, so other processes that have the profile open go on.
   *
   * @param cost - What it is to cost to try a passphrase.
   * @returns Whether the old key file was overwritten on the disk; not everywhere can it be.
   * @throws SottoError `ERR_PROFILE_LOCKED` if another process keeps writing.
   */
  async protect(passphrase: Secret | undefined, cost = WRAPPING_COST): Promise<boolean> {
    const content = passphrase === undefined ? this.#key.reveal() : await wrapKey(this.#key, passphrase, cost)
    const lock = await takeWriteLock(this.#folder)
    try {
      const isOverwritten = await replaceKeyFile(this.#folder, content)
      this.#protection = passphrase === undefined ? 'file' : 'passphrase'
      return isOverwritten
    } finally {
      lock.release()
    }
  }

  /** The state of the profile when this object last read or wrote it. */
  get state(): ProfileState {
    return this.#file.state
  }

  /** @throws SottoError `ERR_NOT_LOGGED_IN` if nobody has logged in, or has logged out again. */
  get login(): { readonly account: SignedIn; readonly session: Session } {
    const { account } = this.state
    const { name: profileName } = this
    if (account?.session !== undefined) return { account: { ...account, profileName }, session: account.session }
    const login = account === undefined ? firstLoginLine(profileName) : loginLine(account.username, profileName)
    const what = this.state.isLoginDamaged
      ? `the session of the profile ${profileName} cannot be read, but its identity and pins can`
      : `the profile ${profileName} has no session`
    throw new SottoError('ERR_NOT_LOGGED_IN', what, {
      hint: `begin one with: ${login}`,
    })
  }

  /** The folder of the profile, and the key that all of its files are sealed with keys of. */
  get storage(): { readonly folder: string; readonly key: Secret } {
    return { folder: this.#folder, key: this.#key }
  }

  /** Read again where another process may have written since, as {@link StateFile.refresh}. */
  refresh(): Promise<ProfileState> {
    return this.#file.refresh()
  }

  /** Call back at once whenever this object has read or written the profile, as {@link StateFile.onTaken}. */
  onTaken(listener: () => void): () => void {
    return this.#file.onTaken(listener)
  }

  /** Change what the profile holds, as {@link StateFile.update}. */
  update(change: Change): Promise<ProfileState> {
    return this.#file.update(change)
  }
}

function folderOf(home: string, name: string): string {
  if (USERNAME.test(name)) return join(home, 'profiles', name)
  throw new SottoError('ERR_USAGE', 'that cannot be the name of a profile', {
    hint: 'a name is 1 to 32 of a-z, 0-9, ".", "_" and "-", and begins with a letter or a digit',
  })
}
