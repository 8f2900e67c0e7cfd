/** @typedef {typeof english} Texts */

const english = {
  open: 'Open chat',
  /** @param {number} count */
  openUnread: (count) => `Open chat, ${count} new ${count === 1 ? 'message' : 'messages'}`,
  close: 'Close chat',
  title: 'Chat with us',
  subtitle: 'We usually answer within a few minutes.',
  greeting: 'Hello! How can we help you?',
  log: 'Messages',
  you: 'You',
  us: 'Support',
  automatic: 'Automatic message',
  message: 'Your message',
  placeholder: 'Write a message…',
  hint: 'Enter sends, Shift + Enter starts a new line.',
  send: 'Send',
  attach: 'Add a picture or file',
  removeFile: /** @param {string} name */ (name) => `Remove ${name}`,
  uploading: /** @param {string} name */ (name) => `Uploading ${name}…`,
  openFile: /** @param {string} name */ (name) => `Save ${name}`,
  picture: 'picture',
  file: 'file',
  connecting: 'Connecting…',
  offline: 'You are offline. What you write is sent as soon as you are connected again.',
  typing: /** @param {string} name */ (name) => (name === '' ? 'Someone is typing…' : `${name} is typing…`),
  sending: 'Sending…',
  sent: 'Sent',
  read: 'Read',
  notSent: 'Not sent',
  again: 'Try again',
  discard: 'Delete',
  about: 'Tell us who you are (optional)',
  name: 'Name',
  email: 'Email',
  badEmail: 'This does not look like an email address.',
  problems: /** @type {Record<string, string>} */ ({
    too_large: 'This is too long or too large.',
    unsupported_media_type: 'Files of this kind cannot be sent.',
    too_many_uploads: 'No more files can be sent in this chat.',
    rate_limited: 'That was a lot at once. Please wait a moment.',
    unknown_upload: 'The file is no longer there. Please add it again.',
    offline: 'Files can be added once you are connected again.',
    other: 'This did not work. Please try again.',
  }),
  /** @param {number} max */
  tooManyFiles: (max) => `At most ${max} files can go with one message.`,
  /** @param {string} name @param {number} megabytes */
  fileTooLarge: (name, megabytes) => `${name} is larger than ${megabytes} MB.`,
};

/** @type {Texts} */
const chinese = {
  open: '打开在线客服',
  openUnread: (count) => `打开在线客服，${count} 条新消息`,
  close: '关闭聊天窗口',
  title: '在线客服',
  subtitle: '我们通常会在几分钟内回复。',
  greeting: '您好！请问有什么可以帮您？',
  log: '消息记录',
  you: '您',
  us: '客服',
  automatic: '自动消息',
  message: '消息内容',
  placeholder: '请输入消息…',
  hint: '按 Enter 发送，Shift + Enter 换行。',
  send: '发送',
  attach: '添加图片或文件',
  removeFile: (name) => `移除 ${name}`,
  uploading: (name) => `正在上传 ${name}…`,
  openFile: (name) => `保存 ${name}`,
  picture: '图片',
  file: '文件',
  connecting: '正在连接…',
  offline: '您已离线。您写下的内容会在恢复连接后自动发送。',
  typing: (name) => (name === '' ? '对方正在输入…' : `${name} 正在输入…`),
  sending: '发送中…',
  sent: '已发送',
  read: '已读',
  notSent: '未发送',
  again: '重试',
  discard: '删除',
  about: '留下您的联系方式（选填）',
  name: '姓名',
  email: '邮箱',
  badEmail: '邮箱格式似乎不正确。',
  problems: {
    too_large: '内容过长或文件过大。',
    unsupported_media_type: '不支持发送此类文件。',
    too_many_uploads: '本次对话可发送的文件数量已达上限。',
    rate_limited: '发送过于频繁，请稍候。',
    unknown_upload: '文件已失效，请重新添加。',
    offline: '恢复连接后才能添加文件。',
    other: '操作未成功，请重试。',
  },
  tooManyFiles: (max) => `每条消息最多可附 ${max} 个文件。`,
  fileTooLarge: (name, megabytes) => `${name} 超过 ${megabytes} MB。`,
};

/**
 * @param {string} language BCP 47.
 * @returns {{ language: 'en' | 'zh-CN', texts: Texts }}
 */
export function textsFor(language) {
  return /^zh\b/i.test(language) ? { language: 'zh-CN', texts: chinese } : { language: 'en', texts: english };
}
