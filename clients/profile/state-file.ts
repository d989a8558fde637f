/**
 * The state file of a profile: its state as this process has it, and as it is on the disk, sealed (seal.ts).
 *
 * Several processes may use a profile at once. Each change is read, made and written under the lock, so none is lost.
 *
 * @module
 */
import { join } from 'node:path'
import { fileVersionOf, readFileIfPresent, writeFileAtomically } from '#lib/runtime/files.ts'
import type { Secret } from '#lib/secret.ts'
import { type Change, ChangeQueue } from './change-queue.ts'
import { keyDamaged } from './key-file.ts'
import { takeWriteLock } from './lock.ts'
import { openProfile, sealProfile } from './seal.ts'
import type { ProfileState } from './state.ts'
import { encodeState, parseState } from './state-form.ts'

const SEALED_FILE = 'profile.sealed'

/** The state file in the folder of a profile, for {@link StateFile.open}; undefined if there is none. */
export function readSealedState(folder: string): Promise<Uint8Array | undefined> {
  return readFileIfPresent(join(folder, SEALED_FILE))
}

export class StateFile {
  readonly #folder: string
  readonly #key: Secret
  #state: ProfileState
  /** The version of the file that the state was read from; undefined where it may have been written since. */
  #fileVersion: string | undefined
  /** Counts the states that it has had. */
  #version = 0
  readonly #listeners = new Set<() => void>()
  /** The last look at the file, which never rejects; and the one that begins when it is over. */
  #look: Promise<unknown> = Promise.resolve()
  #nextLook: Promise<ProfileState> | undefined
  readonly #changes = new ChangeQueue((change) => this.#change(change))

  private constructor(folder: string, key: Secret, state: ProfileState) {
    this.#folder = folder
    this.#key = key
    this.#state = state
  }

  /** Open what was read. @throws SottoError `ERR_PROFILE_DAMAGED` if it was changed, cut off, or belongs to another key. */
  static open(folder: string, key: Secret, sealed: Uint8Array): StateFile {
    return new StateFile(folder, key, parseState(openProfile(key, sealed)))
  }

  /** Write the first state of a profile. Only for who has the lock. */
  static async create(folder: string, key: Secret, state: ProfileState): Promise<StateFile> {
    const file = new StateFile(folder, key, state)
    await file.#write(state)
    return file
  }

  /** The state when this object last read or wrote it. */
  get state(): ProfileState {
    return this.#state
  }

  /**
   * Read again where another process may have written since. Cheap enough for every handshake and every line: those who
   * ask while one look is under way share the next.
   */
  refresh(): Promise<ProfileState> {
    this.#nextLook ??= this.#look.then(() => {
      this.#nextLook = undefined
      const look = this.#read()
      this.#look = look.catch(() => undefined)
      return look
    })
    return this.#nextLook
  }

  async #read(): Promise<ProfileState> {
    const path = join(this.#folder, SEALED_FILE)
    for (;;) {
      const version = this.#version
      // Before it is read: what is written in between is then read twice, and never missed.
      const fileVersion = fileVersionOf(path)
      if (fileVersion !== undefined && fileVersion === this.#fileVersion) return this.#state
      const sealed = await readFileIfPresent(path)
      if (sealed === undefined) throw keyDamaged()
      // Where this process has written meanwhile, the bytes may be the old ones: once more.
      if (version === this.#version) return this.#take(parseState(openProfile(this.#key, sealed)), fileVersion)
    }
  }

  #take(state: ProfileState, fileVersion?: string): ProfileState {
    this.#state = state
    this.#fileVersion = fileVersion
    this.#version += 1
    for (const listener of this.#listeners) listener()
    return state
  }

  /**
   * Call back at once, in the same turn, whenever this object has read or written the profile, changed or not.
   *
   * @returns ends it.
   */
  onTaken(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /**
   * Change what the profile holds: read, change and write as one step, on the disk when this resolves. What is asked for
   * while another change is written goes to the disk in one writing, as where many people are pinned at once.
   *
   * @param change - Given what the profile holds now. It throws to change nothing.
   * @throws SottoError `ERR_PROFILE_LOCKED` if another process keeps writing; `ERR_PROFILE_DAMAGED`.
   */
  update(change: Change): Promise<ProfileState> {
    return this.#changes.ask(change)
  }

  async #change(change: Change): Promise<void> {
    const lock = await takeWriteLock(this.#folder)
    try {
      const before = await this.refresh()
      const after = change(before)
      if (after !== before) await this.#write(after)
    } finally {
      lock.release()
    }
  }

  async #write(state: ProfileState): Promise<void> {
    const path = join(this.#folder, SEALED_FILE)
    await writeFileAtomically(path, sealProfile(this.#key, encodeState(state)))
    // Nobody else writes meanwhile.
    this.#take(state, await fileVersionOf(path))
  }
}
