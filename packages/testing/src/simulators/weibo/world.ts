/** What is on the simulated Weibo: people, posts, comments and private messages of one account's surroundings. */

export interface WeiboUser {
  readonly uid: string;
  readonly name: string;
}

export interface Post {
  readonly id: string;
  readonly atMs: number;
  readonly user: WeiboUser;
  readonly text: string;
  /** Addresses of its pictures' thumbnails. */
  readonly pictures?: readonly string[];
}

export interface Comment extends Post {
  readonly post: Post;
  /** The comment it answers. */
  readonly answers?: Comment;
}

export interface PrivateAnswer {
  readonly uid: string;
  readonly text: string;
}

export class WeiboWorld {
  readonly posts = new Map<string, Post>();
  readonly comments = new Map<string, Comment>();
  readonly privateAnswers: PrivateAnswer[] = [];
  readonly #us: WeiboUser;
  readonly #now: () => number;
  /** Ids look like Weibo's: 16 digits, rising, also from one start to the next. */
  #lastId: bigint;

  constructor(us: WeiboUser, now: () => number) {
    this.#us = us;
    this.#now = now;
    this.#lastId = BigInt(now()) * 3000n;
  }

  post(user: WeiboUser, text: string, pictures: readonly string[] = []): Post {
    const post = { id: this.nextId(), atMs: this.#now(), user, text, pictures };
    this.posts.set(post.id, post);
    return post;
  }

  /** @throws WeiboRefusal as `comments/create` and `comments/reply` do. */
  comment(user: WeiboUser, postId: string, text: string, answersId?: string): Comment {
    const post = this.posts.get(postId);
    if (post === undefined) throw new WeiboRefusal(20101, 'target weibo does not exist!');
    const answers = answersId === undefined ? undefined : this.comments.get(answersId);
    if (answersId !== undefined && answers === undefined) {
      throw new WeiboRefusal(20201, 'target weibo comment does not exist!');
    }
    if ([...text].length > 140)
      throw new WeiboRefusal(20012, 'Text too long, please input text less than 140 characters!');
    // "回复@name" is put before it by Weibo.
    const shown = answers === undefined ? text : `回复@${answers.user.name}:${text}`;
    const last = [...this.comments.values()].findLast((each) => each.user.uid === user.uid);
    if (last?.text === shown) throw new WeiboRefusal(20019, 'repeat content!');
    const comment = {
      ...{ id: this.nextId(), atMs: this.#now(), user, text: shown, post },
      ...(answers !== undefined && { answers }),
    };
    this.comments.set(comment.id, comment);
    return comment;
  }

  /** Posts that mention us, newest first. */
  mentions(): Post[] {
    return [...this.posts.values()].filter((post) => this.#isForUs(post)).reverse();
  }

  /** Comments under our posts and answers to our comments, newest first. */
  commentsToUs(): Comment[] {
    const us = this.#us.uid;
    return [...this.comments.values()]
      .filter(({ user, post, answers }) => user.uid !== us && (post.user.uid === us || answers?.user.uid === us))
      .reverse();
  }

  /** Comments that mention us, newest first. */
  commentMentions(): Comment[] {
    return [...this.comments.values()].filter((comment) => this.#isForUs(comment)).reverse();
  }

  #isForUs({ user, text }: Post): boolean {
    return user.uid !== this.#us.uid && text.includes(`@${this.#us.name}`);
  }

  nextId(): string {
    this.#lastId += 1n;
    return String(this.#lastId);
  }
}

/** A refusal in Weibo's terms (https://open.weibo.com/wiki/Error_code). */
export class WeiboRefusal extends Error {
  override readonly name = 'WeiboRefusal';
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** "Mon Jul 16 18:09:20 +0800 2012" */
export function weiboTime(atMs: number): string {
  const [day, date, month, year, time] = new Date(atMs + 8 * 3_600_000).toUTCString().replace(',', '').split(' ');
  return `${day} ${month} ${date} ${time} +0800 ${year}`;
}
